// Shows the faces of a camera or a video, each with its number and its contours.
//
// usage: camera [SOURCE] [PICTURE]     SOURCE: a camera's number or a file (default: 0)
//
// With PICTURE no window is opened; the last frame is written there.

#include <cctype>
#include <cstdio>
#include <exception>
#include <kilomark/kilomark.hpp>
#include <opencv2/highgui.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <string>
#include <vector>

namespace {

constexpr int kEscape = 27;

kilomark::ImageView view_of(const cv::Mat& frame) {
  return {frame.data, frame.cols, frame.rows, static_cast<std::ptrdiff_t>(frame.step),
          kilomark::PixelFormat::kBgr};
}

// The contours of one face: each group of the topology is a ring, an open curve or a point.
void draw_contours(cv::Mat& frame, const kilomark::Point* landmarks,
                   const kilomark::Topology& topology) {
  const cv::Scalar color(120, 220, 60);
  for (const kilomark::LandmarkGroup& group : topology.groups) {
    std::vector<cv::Point> contour;
    for (int i = group.start; i < group.start + group.count; ++i) {
      contour.emplace_back(cvRound(landmarks[i].x), cvRound(landmarks[i].y));
    }
    if (group.closed) {
      cv::polylines(frame, contour, *group.closed, color, 1, cv::LINE_AA);
    } else {
      cv::circle(frame, contour.front(), 1, color, cv::FILLED);
    }
  }
}

void draw(cv::Mat& frame, const kilomark::TrackedFaces& faces, const kilomark::Topology& topology) {
  for (std::size_t face = 0; face < faces.ids.size(); ++face) {
    draw_contours(frame, &faces.landmarks[face * topology.num_landmarks], topology);
    const cv::Point corner(cvRound(faces.boxes[face].x0), cvRound(faces.boxes[face].y0) - 6);
    cv::putText(frame, std::to_string(faces.ids[face]), corner, cv::FONT_HERSHEY_SIMPLEX, 0.6,
                cv::Scalar(255, 255, 255), 2, cv::LINE_AA);
  }
}

bool open(cv::VideoCapture& capture, const std::string& source) {
  const bool is_number = std::isdigit(static_cast<unsigned char>(source[0])) && source.size() < 3;
  return is_number ? capture.open(std::stoi(source)) : capture.open(source);
}

void follow(cv::VideoCapture& capture, const std::string& picture) {
  const kilomark::Detector detector("lite");
  kilomark::Tracker tracker = kilomark::make_tracker(detector);
  cv::Mat frame;
  cv::Mat shown;
  while (capture.read(frame)) {
    const double seconds = static_cast<double>(cv::getTickCount()) / cv::getTickFrequency();
    const kilomark::TrackedFaces faces = tracker.update(view_of(frame), seconds);
    std::printf("%zu faces\n", faces.ids.size());
    shown = frame.clone();
    draw(shown, faces, detector.topology());
    if (picture.empty()) {
      cv::imshow("kilomark", shown);
      if (cv::waitKey(1) == kEscape) {
        return;
      }
    }
  }
  if (!picture.empty() && !cv::imwrite(picture, shown)) {
    std::fprintf(stderr, "%s cannot be written\n", picture.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string source = argc > 1 ? argv[1] : "0";
  try {
    cv::VideoCapture capture;
    if (!open(capture, source)) {
      std::fprintf(stderr, "%s cannot be opened as a camera or a video\n", source.c_str());
      return 1;
    }
    follow(capture, argc > 2 ? argv[2] : "");
  } catch (const std::exception& error) {  // kilomark::Error is one, and says how to mend it
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
