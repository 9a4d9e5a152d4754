// Prints the faces of a JPEG photo.
//
// usage: photo PHOTO.jpg [BUNDLE]     BUNDLE: name or folder of a bundle (default: resnext50)

#include <turbojpeg.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kilomark/kilomark.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Photo {
  int width = 0;
  int height = 0;
  std::vector<unsigned char> rgb;

  // A view borrows the pixels: the photo must live as long as it is used.
  kilomark::ImageView view() const {
    return {rgb.data(), width, height, 3 * width, kilomark::PixelFormat::kRgb};
  }
};

Photo read_jpeg(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  Photo photo;
  int subsampling = 0;
  const tjhandle decoder = tjInitDecompress();
  bool ok = tjDecompressHeader2(decoder, const_cast<unsigned char*>(data), bytes.size(),
                                &photo.width, &photo.height, &subsampling) == 0;
  if (ok) {
    photo.rgb.resize(std::size_t{3} * photo.width * photo.height);
    ok = tjDecompress2(decoder, data, bytes.size(), photo.rgb.data(), photo.width, 0, photo.height,
                       TJPF_RGB, 0) == 0;
  }
  tjDestroy(decoder);
  if (!ok) {
    throw std::runtime_error(path.string() + " cannot be read as JPEG");
  }
  return photo;
}

// The mean of a group's landmarks; those of face f begin at f * num_landmarks.
kilomark::Point center(const kilomark::Point* landmarks, const kilomark::LandmarkGroup& group) {
  kilomark::Point sum;
  for (int i = group.start; i < group.start + group.count; ++i) {
    sum.x += landmarks[i].x / static_cast<float>(group.count);
    sum.y += landmarks[i].y / static_cast<float>(group.count);
  }
  return sum;
}

void print_faces(const kilomark::Detections& faces, const kilomark::Topology& topology) {
  for (std::size_t face = 0; face < faces.size(); ++face) {
    const kilomark::Box& box = faces.landmark_boxes[face];
    std::printf("face %zu: score %.2f, box (%.0f, %.0f) to (%.0f, %.0f), %d landmarks\n", face,
                faces.scores[face], box.x0, box.y0, box.x1, box.y1, topology.num_landmarks);
    const kilomark::Point* landmarks = &faces.landmarks[face * topology.num_landmarks];
    for (const kilomark::LandmarkGroup& group : topology.groups) {
      const auto [x, y] = center(landmarks, group);
      std::printf("  %-12s %3d landmarks around (%.1f, %.1f)\n", group.name.c_str(), group.count, x,
                  y);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PHOTO.jpg [BUNDLE]\n", argv[0]);
    return 2;
  }
  try {
    const kilomark::Detector detector(argc > 2 ? argv[2] : "resnext50");
    const Photo photo = read_jpeg(argv[1]);
    const kilomark::Detections faces = detector.predict(photo.view());
    print_faces(faces, detector.topology());
  } catch (const std::exception& error) {  // kilomark::Error is one, and says how to mend it
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
