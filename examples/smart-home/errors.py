"""Errors of the domain, each with the HTTP status that it becomes."""


class HomeError(Exception):
    """Something that the caller can understand and act upon."""

    status = 400


class Unauthorized(HomeError):
    status = 401


class NotFound(HomeError):
    status = 404


class Unavailable(HomeError):
    """A neighbour (feed, bucket) does not answer."""

    status = 503
