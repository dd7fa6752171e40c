"""ebtop: an XDP router that an operator can watch and edit live."""

__version__ = "0.1.0"
