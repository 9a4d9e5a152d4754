"""Detectors that cross processes: forked, pickled, closed; and threads when Python ends."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_bundles import bright_cells

import kilomark
from kilomark import Detector, InferenceError, InvalidInputError, Regions

IMAGE = bright_cells((3, 4))
LIMIT_S = 60


def make_detector(tiny: Path, tiny_faces: Path, **options: object) -> Detector:
    given = {"device": "cpu", "rescoring": None, "presence_threshold": 0.0, "num_threads": 2}
    return Detector(tiny, finder=tiny_faces, **(given | options))


@pytest.fixture
def used(tiny: Path, tiny_faces: Path) -> Detector:
    detector = make_detector(tiny, tiny_faces)
    detector.predict(IMAGE)
    return detector


def run_in_fork(work: object) -> int:
    """The exit status of ``work`` in a forked child; it is killed if it hangs."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = work()
        finally:
            os._exit(status)
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def test_a_detector_works_after_a_fork(used: Detector) -> None:
    assert run_in_fork(lambda: 7 if len(used.predict(IMAGE)) == 1 else 1) == 7
    assert len(used.predict(IMAGE)) == 1


def test_a_new_detector_works_in_a_fork(used: Detector, tiny: Path, tiny_faces: Path) -> None:
    def work() -> int:
        found = make_detector(tiny, tiny_faces).predict(IMAGE)
        used.close()
        return 7 if len(found) == 1 else 1

    assert run_in_fork(work) == 7


def test_a_new_detector_works_after_others_were_freed(tiny: Path, tiny_faces: Path) -> None:
    """OpenVINO keeps the threads of freed networks for the next one; a fork has none of them."""
    for _ in range(2):
        make_detector(tiny, tiny_faces).predict([IMAGE, IMAGE])
    made = make_detector
    assert run_in_fork(lambda: 6 + len(made(tiny, tiny_faces).predict(IMAGE))) == 7


def test_a_fork_while_another_thread_predicts(used: Detector) -> None:
    """The child has none of the other thread, and no lock that it held."""
    stop = threading.Event()

    def predict_on() -> None:
        while not stop.is_set():
            used.predict([IMAGE, IMAGE])

    thread = threading.Thread(target=predict_on)
    thread.start()
    try:
        for _ in range(5):
            assert run_in_fork(lambda: 6 + len(used.predict(IMAGE))) == 7
    finally:
        stop.set()
        thread.join()


def test_a_fork_waits_for_a_pause_of_a_long_call(
    used: Detector, tiny: Path, tiny_faces: Path
) -> None:
    regions = Regions.from_boxes(np.tile([[1, 1, 40, 40]], (20_000, 1)))
    placing = make_detector(tiny, tiny_faces, max_batch=1)
    placed: list[int] = []
    thread = threading.Thread(target=lambda: placed.append(len(placing.place(IMAGE, regions))))
    thread.start()
    assert run_in_fork(lambda: 6 + len(used.predict(IMAGE))) == 7
    thread.join()
    assert placed == [20_000]


def test_a_signal_handler_may_fork_during_a_call(used: Detector) -> None:
    regions = Regions.from_boxes(np.tile([[1, 1, 40, 40]], (2_000, 1)))
    ended: list[int] = []

    def fork(*_: object) -> None:
        ended.append(run_in_fork(lambda: 6 + len(used.predict(IMAGE))))

    before = signal.signal(signal.SIGUSR1, fork)
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        while not ended:
            assert len(used.place(IMAGE, regions)) == 2_000
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ended == [7]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_is_flat_after_a_fork(used: Detector) -> None:
    # oneTBB kept 43 KB of every call for threads that the child does not have.
    def resident_kb() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def work() -> int:
        for _ in range(20):
            used.predict([IMAGE] * 4)
        before = resident_kb()
        for _ in range(50):
            used.predict([IMAGE] * 4)
        return 7 if resident_kb() - before < 700 else 1

    assert run_in_fork(work) == 7


def test_the_core_refuses_networks_of_another_process(used: Detector) -> None:
    def work() -> int:
        try:
            used._live.predict([IMAGE], ["bgr"])
        except InferenceError as error:
            return 7 if "before this process was forked" in str(error) else 2
        return 3

    assert run_in_fork(work) == 7


_worker: Detector | None = None


def start_worker(detector: Detector) -> None:
    global _worker
    _worker = detector


def count_faces(image: np.ndarray) -> int:
    return len(_worker.predict(image))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes(used: Detector, method: str) -> None:
    """The initializer's detector is pickled, or inherited and then replaced."""
    context = multiprocessing.get_context(method)
    start_worker(used)
    with context.Pool(2, start_worker, (used,)) as pool:
        counts = pool.map_async(count_faces, [IMAGE] * 6).get(LIMIT_S)
    assert counts == [1] * 6


SERVER = """
import os
import kilomark
from tests.core.test_processes import IMAGE
detector = kilomark.Detector(
    os.environ["TINY"], finder=os.environ["TINY_FACES"], device="cpu", rescoring=None,
    presence_threshold=0,
)
detector.predict(IMAGE)
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {len(detector.predict(IMAGE))}".encode()]
"""


def test_a_preloaded_server(tiny: Path, tiny_faces: Path, tmp_path: Path, root: Path) -> None:
    """gunicorn --preload: the detector was made and used before the workers were forked."""
    pytest.importorskip("gunicorn", reason="needs the test extra: pip install '.[test]'")
    (tmp_path / "server.py").write_text(SERVER)
    options = ["--preload", "--workers", "2", "--bind", f"unix:{tmp_path}/socket"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "server:app", *options, "--pythonpath", str(root)],
        cwd=tmp_path,
        env={**os.environ, "TINY": str(tiny), "TINY_FACES": str(tiny_faces)},
    )
    try:
        answers = {}
        end = time.monotonic() + LIMIT_S
        while len(answers) < 2 and time.monotonic() < end and server.poll() is None:
            answers.update(ask(tmp_path / "socket"))
    finally:
        server.terminate()
    assert server.wait(LIMIT_S) == 0
    assert [*answers.values()] == ["1", "1"]
    assert str(server.pid) not in answers


def ask(path: Path) -> dict[str, str]:
    """The process that answered and how many faces it found; nothing before the server listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT_S)
        try:
            connection.connect(str(path))
        except OSError:
            time.sleep(0.05)
            return {}
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with connection.makefile("r") as answer:
            process, faces = answer.read().split("\n")[-1].split()
    return {process: faces}


SUBINTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
made = interpreters.create()
failed = interpreters.run_string(made, '''
try:
    import kilomark
except ImportError as error:
    print(error, flush=True)
''')
assert failed is None, failed
interpreters.destroy(made)
import kilomark
print(kilomark.__version__)
"""


def test_a_subinterpreter_is_refused_and_the_main_one_works_after_it() -> None:
    command = [sys.executable, "-c", SUBINTERPRETER]
    done = subprocess.run(command, timeout=LIMIT_S, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused, version = done.stdout.splitlines()
    assert "subinterpreter" in refused  # Python 3.12 and newer refuse the module by themselves
    assert version == kilomark.__version__


def test_copies_carry_the_options(tiny: Path, tiny_faces: Path) -> None:
    detector = make_detector(tiny, tiny_faces, max_faces=1)
    image = bright_cells((1, 1), (6, 6))
    for made in (pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)):
        assert len(made.predict(image)) == len(detector.predict(image)) == 1


def test_a_closed_detector_says_so(tiny: Path, tiny_faces: Path) -> None:
    with make_detector(tiny, tiny_faces) as detector:
        assert len(detector.predict(IMAGE)) == 1
    with pytest.raises(InvalidInputError, match="this detector is closed"):
        detector.predict(IMAGE)
    assert "closed" in repr(detector)
    detector.close()


DAEMON = """
import sys, threading, time
import numpy as np
import kilomark
detector = kilomark.Detector(sys.argv[1], finder=None, num_threads=1)
boxes = np.tile([[1, 1, 40, 40]], (64, 1))
def work():
    while True:
        detector.predict(np.zeros((64, 64), np.uint8), boxes=boxes)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
"""


def test_python_ends_while_daemon_threads_predict(tiny: Path) -> None:
    for _ in range(3):
        command = [sys.executable, "-c", DAEMON, str(tiny)]
        ended = subprocess.run(command, timeout=LIMIT_S, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr[-2000:]
        assert b"Traceback" not in ended.stderr


def place_again_and_again(detector: Detector, regions: Regions) -> None:
    for _ in range(100):
        detector.place(np.zeros((64, 64), np.uint8), regions)


def test_ctrl_c_ends_a_long_call(tiny: Path) -> None:
    detector = Detector(tiny, finder=None, num_threads=1, max_batch=1)
    regions = Regions.from_boxes(np.tile([[1, 1, 40, 40]], (100_000, 1)))
    sent: list[float] = []  # in seconds of processor time: others may use the machine as well

    def interrupt() -> None:
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    # A shell starts background jobs with SIGINT ignored, and Python leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.2, interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            place_again_and_again(detector, regions)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.process_time() - sent[0] < 5


def test_more_boxes_than_a_call_takes_are_refused(detector: Detector) -> None:
    regions = Regions.from_boxes(np.tile([[1, 1, 40, 40]], (262_145, 1)))
    with pytest.raises(InvalidInputError, match="at most 262144"):
        detector.place(np.zeros((64, 64), np.uint8), regions)


def test_data_loader_workers(used: Detector) -> None:
    data = pytest.importorskip(
        "torch.utils.data", reason="needs the train extra: pip install '.[train]'"
    )
    loader = data.DataLoader(
        _Faces(used), batch_size=None, num_workers=2, multiprocessing_context="fork"
    )
    assert [int(count) for count in loader] == [1] * 4


class _Faces:
    def __init__(self, detector: Detector) -> None:
        self.detector = detector

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return len(self.detector.predict(IMAGE))
