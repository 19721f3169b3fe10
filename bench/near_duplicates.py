"""Which photos of a folder a model has not seen: those that look like none of its training images.

python -m bench.near_duplicates PHOTOS TRAINING > kept.tsv
    writes `path, tab, class` of each photo that is kept, for `models evaluate PHOTOS --labels kept.tsv`; what it
    compared and dropped is told on stderr.

A difference hash (dHash: Krawetz 2013, hackerfactor.com): is each of 8 x 8 cells of the grey picture brighter than its
right neighbour. Training images may be the whole photo or its middle, so both are held against them.
"""

import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tqdm import tqdm

from models.photos import find_photos

MOST = 10  # of 64 bits that may differ: unrelated photos differ by 32 +- 4
_WNID = re.compile(r"n\d{8}")

Hashes = NDArray[np.uint8]


def hashes(path: Path) -> Hashes:
    """Return the hashes (2, 8) of the whole picture and of its middle square."""
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("L")
    side = min(picture.size)
    return np.stack([_hash(picture), _hash(ImageOps.fit(picture, (side, side)))])


def _hash(picture: Image.Image) -> Hashes:
    cells = np.asarray(picture.resize((9, 8), Image.Resampling.BOX), np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1], axis=1)[:, 0]


def least_distance(found: Hashes, others: Hashes) -> int:
    """Return the fewest bits by which one of *found* (n, 8) differs from one of *others* (m, 8)."""
    differing = np.bitwise_count(found[:, np.newaxis] ^ others[np.newaxis]).sum(axis=2)
    return int(differing.min())


def main(photos: Path, training: Path) -> None:
    """Write the list."""
    paths = find_photos(training)
    seen = np.concatenate([hashes(path) for path in tqdm(paths, unit="image", file=sys.stderr)])
    kept = 0
    for path in find_photos(photos):
        wnid = _WNID.search(path.name)
        if not wnid:
            sys.stderr.write(f"{path.name}: left out, its name tells no class\n")
            continue
        distance = least_distance(hashes(path), seen)
        is_kept = distance > MOST
        sys.stderr.write(f"{path.name}: {'kept' if is_kept else 'dropped'}, {distance} bits from the nearest\n")
        if is_kept:
            kept += 1
            sys.stdout.write(f"{path.relative_to(photos)}\t{wnid[0]}\n")
    sys.stderr.write(f"kept {kept}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
