"""A BPMN 2.0 process engine that scales to zero on AWS and runs whole on a laptop."""

__version__ = "0.1.0"
