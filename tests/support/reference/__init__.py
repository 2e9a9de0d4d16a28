"""The code blocks of the reference's documents, run as a reader would run them."""

from support.reference.blocks import FOLDER, Block, extract, read_blocks
from support.reference.scene import Scene
from support.reference.stand_ins import make_stand_in, publish_stand_ins

__all__ = ["FOLDER", "Block", "Scene", "extract", "make_stand_in", "publish_stand_ins", "read_blocks"]
