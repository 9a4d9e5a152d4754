#pragma once

#include "kilomark/geometry.hpp"

namespace kilomark::tracking {

// A face whose longer side is below this is tiny: the landmark network is often not sure of it, so
// the face detector holds it. A tiny face that grew stays so up to kMostTinySide.
inline constexpr float kTinySide = 20.0F;  // px
inline constexpr float kMostTinySide = 28.0F;
inline constexpr float kLeastTinySide = 4.0F;

// What the close looks of the face detector say of one tiny face.
//
// Each look adds to the evidence for a face, in log odds of the score s:
//
//   look                   | adds                                   | then the face is
//   -----------------------|----------------------------------------|-------------------------------
//   finds a new face       | log(s / (1 - s)) - 0.6, within +-1.5   | returned from 3.1 on
//   finds a returned face  | log(s / (1 - s)) + 0.4, within +-1.5   |
//   misses a face          | -1.0                                   | new: forgotten at -2.5;
//                          |                                        | returned: lost at 0
//
// The evidence is at most 4.5, so that the fifth look in a row that misses a returned face loses it.
class TinyFace {
 public:
  TinyFace(Point center, float score, double time_s);
  // A face that is known by other looks already.
  [[nodiscard]] static TinyFace known(Point center, double time_s);

  void find(Point center, float score, bool is_returned, double time_s);
  void miss();

  [[nodiscard]] bool is_sure() const;
  [[nodiscard]] bool is_gone(bool is_returned) const;

  // Whether the last look found it. If not, its place is not known, and it is not returned.
  [[nodiscard]] bool is_seen() const { return is_seen_; }

  // px/s, by the places where it was found.
  [[nodiscard]] Point velocity() const { return velocity_; }

  // How far from its expected place a look may find it, in sides. People walk by nine widths of
  // their face a second.
  [[nodiscard]] float reach(double time_s) const;

  int frames_unseen = 0;  // since the last close look at its place

 private:
  float evidence_;
  int times_found_ = 1;
  bool is_seen_ = true;
  Point found_at_;
  double found_s_;
  Point velocity_;
};

}  // namespace kilomark::tracking
