"""``kilomark train``: train a landmark network or the face detector."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.errors import InvalidInputError
from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse

    from kilomark.data.alterations import Alterations
    from kilomark.data.eye_samples import EyeRecipe
    from kilomark.training import Settings

__all__ = ["add_parser"]

EXIT_STOPPED = 3
NETWORKS = ("eyes", "faces", "faces-large", "lite", "resnext50")
EYE_NETWORKS = ("eyes",)
FACE_DATA_OPTIONS = (
    "faces", "photos", "hard_negatives", "reviewed", "depth", "turned", "closed", "dressed",
)  # fmt: skip


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "train",
        help="train a network",
        usage="kilomark train NETWORK -o FOLDER --faces FOLDER --scenes FOLDER [options]\n"
        "       kilomark train eyes -o FOLDER --faces FOLDER [options]\n"
        "       kilomark train NETWORK -o FOLDER --contest FOLDER [options]",
        description="Train a landmark network (lite, resnext50), a face detector (faces, "
        "faces-large), or the network that sees each eye in a crop of its own (eyes).",
        epilog="exit codes: 0 trained to the end; 2 an option or the data is wrong, or the disk "
        "failed; 3 stopped by a signal, with everything saved: rerun with --resume",
    )
    parser.add_argument("network", choices=NETWORKS, metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder for checkpoints and logs",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="continue from the newest checkpoint")
    data = parser.add_argument_group("data: face crops and scenes")
    _add_face_data_options(data)
    _add_alteration_options(data)
    _add_contest_options(parser.add_argument_group("data: the contest's layout"))
    _add_start_options(parser.add_argument_group("initial weights"))
    learning = parser.add_argument_group("recipe")
    _add_recipe_options(learning)
    _add_optimizer_options(learning)
    _add_rate_options(learning)
    _add_machine_options(parser.add_argument_group("machine; --resume may change these"))
    parser.set_defaults(run=run)


def _add_face_data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--faces", type=Path, metavar="FOLDER", help="data set of face crops")
    group.add_argument(
        "--scenes", type=Path, metavar="FOLDER", help="data set of scenes; eyes needs none"
    )
    group.add_argument(
        "--photos", type=Path, metavar="FOLDER",
        help="for the face detector: data set of photos with any number of faces",
    )  # fmt: skip
    group.add_argument("--cache", type=Path, metavar="FOLDER", help="folder for decoded images")
    group.add_argument(
        "--hard-negatives", type=Path, metavar="FILE.json",
        help="boxes without a face in photos of --scenes, by photo; training shows them more often",
    )  # fmt: skip
    group.add_argument(
        "--reviewed", type=Path, metavar="FILE.json",
        help="for the face detector: unlabeled faces in --scenes, by photo; training does not "
        "reject them",
    )  # fmt: skip
    group.add_argument(
        "--depth", action="store_true",
        help="learn the landmarks' depth too; the data set needs labels of depth",
    )  # fmt: skip
    group.add_argument(
        "--decoding", choices=("once", "always"), default="once",
        help="once: decode face crops into the cache; always: decode each time, without a cache; a "
        "sample then takes a fifth longer (default: once)",
    )  # fmt: skip


def _add_alteration_options(group: argparse._ArgumentGroup) -> None:
    for name, what in (
        ("turned", "turned out of their plane, to a yaw of up to 80 degrees"),
        ("closed", "shown with closing eyes"),
        ("dressed", "shown with a mask, glasses, a cap, a visor or a hand"),
    ):
        group.add_argument(
            f"--{name}", type=float, metavar="SHARE",
            help=f"share of the faces that are {what}; needs labels of depth (default: 0)"
            + ("; for eyes: 0.38, without such labels" if name == "closed" else ""),
        )  # fmt: skip
    group.add_argument(
        "--shut-opening", type=float, metavar="SHARE",
        help="for eyes: opening of shut eyes in the labels, over the eye's width; labels near it "
        "are closed. 0 keeps the labels (default: 0.06, as in MediaPipe's labels)",
    )  # fmt: skip


def _add_contest_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--contest", type=Path, metavar="FOLDER",
        help="holds train/images and train/landmarks.csv; instead of --faces",
    )  # fmt: skip
    group.add_argument(
        "--crop", choices=("baseline", "face"), default="baseline",
        help="baseline: the photo's middle square; face: augmented crops around the face, as the "
        "runtime makes them (default: baseline)",
    )  # fmt: skip
    group.add_argument(
        "--split", choices=("file-order", "person"), default="file-order",
        help="train on the first 80 %% of rows, or on 80 %% of the people (default: file-order)",
    )  # fmt: skip
    group.add_argument(
        "--topology", type=Path, metavar="FILE.json",
        help="groups and mirror of the landmarks; needed to mirror photos, unless there are 971",
    )  # fmt: skip


def _add_start_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--head", choices=("compact", "baseline"), default="compact",
        help="head of a landmark network; baseline: the original notebook's head, 262 million "
        "parameters (default: compact)",
    )  # fmt: skip
    group.add_argument(
        "--init", default="random", metavar="WEIGHTS",
        help="random, imagenet, a .safetensors file, a checkpoint-*.pt of another run, a shipped "
        "bundle or a bundle's folder (default: random)",
    )  # fmt: skip
    group.add_argument(
        "--init-part", choices=("all", "trunk"), default="all",
        help="part of the weights to take; trunk: without the head (default: all)",
    )  # fmt: skip
    group.add_argument(
        "--freeze", metavar="PART[,...]", default="",
        help="parts to leave untrained: trunk, stem, trunk.layer1, head.reduce ...",
    )  # fmt: skip


def _add_recipe_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--stages", metavar="SIZE:SAMPLES:BATCH[,...]",
        help="input sizes in turn; BATCH counts all processes together (default: by network)",
    )  # fmt: skip
    add(
        "--loss", choices=("smooth_l1", "mse", "wing"), default="smooth_l1",
        help="loss of the landmarks; mse is the baseline's (default: smooth_l1)",
    )  # fmt: skip
    add(
        "--teacher", metavar="BUNDLE",
        help="landmark network to learn from beside the labels (distillation)",
    )  # fmt: skip
    add(
        "--teacher-weight", type=float, default=0.5, metavar="W",
        help="weight of the teacher's landmarks; the labels have 1 - W (default: 0.5)",
    )  # fmt: skip
    add(
        "--teacher-views", type=int, choices=(1, 2), default=1,
        help="2: the teacher averages each crop with its mirror image (default: 1)",
    )  # fmt: skip


def _add_optimizer_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--optimizer",
        choices=("adamw", "radam"),
        default="adamw",
        help="optimizer (default: adamw)",
    )
    add(
        "--weight-decay",
        type=float,
        default=1e-4,
        metavar="D",
        help="(default: 0.0001)",
    )
    add(
        "--ema-decay", type=float, default=0.998, metavar="D",
        help="decay of the averaged weights (default: 0.998)",
    )  # fmt: skip
    add(
        "--accumulate", type=int, default=1, metavar="PARTS",
        help="split a batch into parts, to save memory (default: 1)",
    )  # fmt: skip
    add(
        "--precision", choices=("fp32", "bf16"), default="fp32",
        help="arithmetic of the trunk (default: fp32)",
    )  # fmt: skip
    add(
        "--evaluate-every", type=int, default=10_000, metavar="N",
        help="samples between evaluations (default: 10000)",
    )  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="seed of all random numbers (default: 0)")


def _add_rate_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--learning-rate",
        type=float,
        default=2e-3,
        metavar="R",
        help="peak, after the warm-up (default: 0.002)",
    )
    add(
        "--trunk-rate", type=float, default=1.0, metavar="F",
        help="factor for the learning rate of the trunk (default: 1)",
    )  # fmt: skip
    add("--warmup-steps", type=int, default=100, metavar="N", help="(default: 100)")
    add(
        "--schedule", choices=("cosine", "plateau"), default="cosine",
        help="schedule of the learning rate (default: cosine)",
    )  # fmt: skip
    add(
        "--plateau-factor", type=float, default=0.3, metavar="F",
        help="plateau: factor for the learning rate when accuracy stops improving (default: 0.3)",
    )  # fmt: skip
    add(
        "--plateau-patience", type=int, default=3, metavar="N",
        help="plateau: evaluations without improvement before that (default: 3)",
    )  # fmt: skip


def _add_machine_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--device", default="auto",
        help="cpu, cuda, cuda:N, or auto, which takes a GPU if there is one; under torchrun "
        "process N takes GPU N (default: auto)",
    )  # fmt: skip
    add("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    add(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes that make samples (default: 0, in the training process)",
    )
    add(
        "--checkpoint-minutes", type=float, default=5.0, metavar="M",
        help="minutes between checkpoints (default: 5)",
    )  # fmt: skip
    add(
        "--checkpoints-kept", type=int, default=3, metavar="N",
        help="number of newest checkpoints to keep (default: 3)",
    )  # fmt: skip
    add(
        "--pictures-kept", type=int, default=3, metavar="N",
        help="number of pictures of predictions to keep; 0 draws none (default: 3)",
    )  # fmt: skip
    add(
        "--tensorboard",
        action="store_true",
        help="write TensorBoard logs too; needs the package tensorboard",
    )


def run(options: argparse.Namespace) -> int:
    """Train to the end; 0 when done, 3 when stopped by a signal with everything saved."""
    check_train_extra("kilomark train")
    _check_data(options)
    from kilomark import contest, training

    logging.getLogger("kilomark").setLevel(logging.INFO)
    how = _run_arguments(options)
    try:
        if options.contest is not None:
            contest.train(
                options.network, options.output, options.contest,
                crop=options.crop, split=options.split, topology=options.topology,
                scenes=options.scenes, eyes=_eye_recipe(options), cache=options.cache, **how,
            )  # fmt: skip
        else:
            training.train(
                options.network, options.output, faces=options.faces, scenes=options.scenes,
                cache=options.cache, decoding=options.decoding,
                hard_negatives=options.hard_negatives, reviewed=options.reviewed,
                photos=options.photos, depth=options.depth,
                alterations=_alterations(options), eyes=_eye_recipe(options), **how,
            )  # fmt: skip
    except training.TrainingInterruptedError as stopped:
        logging.getLogger(__name__).warning("%s", stopped)
        return EXIT_STOPPED
    return 0


def _alterations(options: argparse.Namespace) -> Alterations:
    from kilomark.data.alterations import Alterations

    closed = None if options.network in EYE_NETWORKS else options.closed
    return Alterations(options.turned or 0.0, closed or 0.0, options.dressed or 0.0)


def _eye_recipe(options: argparse.Namespace) -> EyeRecipe | None:
    from kilomark.data.eye_samples import EyeRecipe

    if options.network not in EYE_NETWORKS:
        if options.shut_opening is not None:
            raise InvalidInputError(
                f"--shut-opening is for the network 'eyes'; leave it out for {options.network}"
            )
        return None
    given = {"closed": options.closed, "shut_opening": options.shut_opening}
    return EyeRecipe(**{name: value for name, value in given.items() if value is not None})


def _check_data(options: argparse.Namespace) -> None:
    """Check that there is one data set to train on."""
    if options.contest is None:
        needs_scenes = options.network not in EYE_NETWORKS
        if options.faces is None or (needs_scenes and options.scenes is None):
            wanted = "--faces and --scenes" if needs_scenes else "--faces"
            raise InvalidInputError(f"no data set to train on; expected {wanted}, or --contest")
        return
    for name in FACE_DATA_OPTIONS:
        is_for_eyes = name == "closed" and options.network in EYE_NETWORKS
        if getattr(options, name) not in (None, False) and not is_for_eyes:
            raise InvalidInputError(
                f"--{name.replace('_', '-')} belongs to a data set of face crops and scenes; "
                "expected --contest, or --faces and --scenes, not both"
            )


def _run_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments that both kinds of data set share."""
    from kilomark.training import Machine, Start, TeacherChoice

    teacher = None
    if options.teacher is not None:
        teacher = TeacherChoice(options.teacher, options.teacher_weight, options.teacher_views)
    return {
        "settings": _settings(options),
        "start": Start(options.init, options.init_part, options.head),
        "teacher": teacher,
        "machine": Machine(options.device, options.threads, options.tensorboard),
        "resume": options.resume,
    }


def _settings(options: argparse.Namespace) -> Settings:
    from kilomark.training.settings import Settings, default_stages, parse_stages

    given = options.stages
    return Settings(
        stages=parse_stages(given) if given else default_stages(options.network),
        optimizer=options.optimizer,
        loss=options.loss,
        schedule=options.schedule,
        plateau_factor=options.plateau_factor,
        plateau_patience=options.plateau_patience,
        learning_rate=options.learning_rate,
        trunk_rate=options.trunk_rate,
        weight_decay=options.weight_decay,
        warmup_steps=options.warmup_steps,
        frozen=tuple(name for name in options.freeze.split(",") if name),
        accumulate=options.accumulate,
        ema_decay=options.ema_decay,
        evaluate_every=options.evaluate_every,
        checkpoint_minutes=options.checkpoint_minutes,
        checkpoints_kept=options.checkpoints_kept,
        pictures_kept=options.pictures_kept,
        seed=options.seed,
        num_workers=options.workers,
        precision=options.precision,
    )
