"""Show the faces of a camera or a video. Needs: pip install 'kilomark[video]' opencv-python

usage: python examples/webcam.py [SOURCE] [--model NAME]     SOURCE: a camera's number or a file
"""

from __future__ import annotations

import argparse
import sys

import kilomark
from kilomark.video.webcam import run_webcam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", nargs="?", default="0", help="camera number or file (default: 0)")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--finder", default="auto")
    options = parser.parse_args()
    try:
        run_webcam(options.source, model=options.model, finder=options.finder)
    except kilomark.KilomarkError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
