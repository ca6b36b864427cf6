"""coppice: a streaming sanitiser between a children's app and Mixpanel."""

__version__ = "0.1.0"
