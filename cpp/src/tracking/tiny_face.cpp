#include "tiny_face.hpp"

#include <algorithm>
#include <cmath>

#include "log_odds.hpp"

namespace kilomark::tracking {

namespace {

constexpr float kDoubtOfNew = 0.6F;
constexpr float kDoubtOfReturned = -0.4F;
constexpr float kMostOfLook = 1.5F;
constexpr float kMissed = -1.0F;
constexpr float kSure = 3.1F;
constexpr float kForgotten = -2.5F;
constexpr float kMost = 4.5F;

constexpr float kVelocityTimeS = 0.25F;
constexpr double kShortestStepS = 1e-3;

// In sides, and sides per second.
constexpr float kReach = 0.6F;
constexpr float kReachRate = 9.0F;
constexpr float kMostReach = 2.1F;

float evidence_of(float score, float doubt) {
  const float bounded = std::clamp(score, 0.01F, 0.99F);
  return std::clamp(log_odds(bounded) - doubt, -kMostOfLook, kMostOfLook);
}

}  // namespace

TinyFace::TinyFace(Point center, float score, double time_s)
    : evidence_(evidence_of(score, kDoubtOfNew)), found_at_(center), found_s_(time_s) {}

TinyFace TinyFace::known(Point center, double time_s) {
  TinyFace face(center, 1.0F, time_s);
  face.evidence_ = kMost;
  return face;
}

void TinyFace::find(Point center, float score, bool is_returned, double time_s) {
  frames_unseen = 0;
  is_seen_ = true;
  const float doubt = is_returned ? kDoubtOfReturned : kDoubtOfNew;
  evidence_ = std::min(evidence_ + evidence_of(score, doubt), kMost);
  const double step_s = time_s - found_s_;
  if (step_s < kShortestStepS) {
    return;
  }
  const auto step = static_cast<float>(step_s);
  const float gain = times_found_ == 1 ? 1.0F : std::min(1.0F, step / kVelocityTimeS);
  velocity_.x += gain * ((center.x - found_at_.x) / step - velocity_.x);
  velocity_.y += gain * ((center.y - found_at_.y) / step - velocity_.y);
  found_at_ = center;
  found_s_ = time_s;
  ++times_found_;
}

void TinyFace::miss() {
  frames_unseen = 0;
  is_seen_ = false;
  evidence_ += kMissed;
}

bool TinyFace::is_sure() const { return evidence_ >= kSure; }

bool TinyFace::is_gone(bool is_returned) const {
  return evidence_ <= (is_returned ? 0.0F : kForgotten);
}

float TinyFace::reach(double time_s) const {
  return std::min(kReach + kReachRate * static_cast<float>(time_s - found_s_), kMostReach);
}

}  // namespace kilomark::tracking
