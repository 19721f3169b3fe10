"""What can be wrong on our side.

weights -> prepared artifact -> engine -> registry: each step raises its own ModelError. At start the registry turns
them into states; a request meets UnknownModel and all that follow it, WeightsMissing, and EngineError where a runtime
breaks. Messages hold no paths where they can reach a caller.
"""

from typing import ClassVar


class ModelError(Exception):
    """We are at fault. `str(error)` is for the operator."""

    code: ClassVar[str] = "internal_error"


class WeightsMissing(ModelError):
    """No weights are to be had for a model; the message names file, source and place."""

    code = "weights_missing"


class PrepareError(ModelError):
    """A model could not be converted, quantised or checked."""


class ArtifactError(ModelError):
    """A prepared artifact is absent, changed or not what its manifest says."""


class EngineError(ModelError):
    """An engine can't be built or gave something that is no answer."""


class UnknownModel(ModelError):
    """The name is not one of the configured models."""

    code = "invalid_model"


class ModelUnavailable(ModelError):
    """The model is configured and can't answer now: still loading, or failed, or its engine is away."""

    code = "not_ready"


class OutOfMemory(ModelUnavailable):
    """The device had no room for a batch: none of its images was answered, and fewer are tried at once from now on."""


class EngineFull(ModelUnavailable):
    """As many images wait for the engine as may."""


class DeadlineExceeded(ModelError):
    """The time for this answer is over; what was left to do was not done."""

    code = "deadline_exceeded"


class CallerGone(ModelError):
    """The caller has closed the connection; nothing was computed for nobody."""

    code = "caller_gone"


class PhotosMissing(ModelError):
    """The operator named a folder of photos that holds none."""
