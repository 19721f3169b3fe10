"""An atheris target: python -m tests.hostile.fuzz_decode [libFuzzer's options] [FOLDER of seeds]."""

import sys
import warnings

import atheris

if __name__ == "__main__":
    with atheris.instrument_imports(include=["PIL", "preprocessing"]):
        from PIL import MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401  # else Pillow imports them later

        from tests.hostile.promise import keep, prepare

        warnings.simplefilter("error")
        prepare()
    atheris.Setup(sys.argv, keep)
    atheris.Fuzz()
