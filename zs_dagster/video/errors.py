"""Why a video file is refused, one class per reason.

Every class is built from path and reason alone, so that errors can cross from the process that
decodes to the one that asked, by name.
"""
# ruff: noqa: N818 -- the class name is the reason users read: "EmptyFile", not "EmptyFileError".

from zs_dagster.errors import VideoError


class NotAFile(VideoError):
    """The path is a directory, a pipe, a socket or a device."""


class NotReadable(VideoError):
    """The path is missing, a broken link, or may not be read."""


class EmptyFile(VideoError):
    """The file has no bytes."""


class NotAVideo(VideoError):
    """The bytes are none of the accepted containers, or the container is broken."""


class NoVideoStream(VideoError):
    """The container holds no moving picture: only audio, or only cover art."""


class UnsupportedCodec(VideoError):
    """No decoder is known for the video stream, or it is encrypted."""


class Truncated(VideoError):
    """The file ends before the duration its header promises."""


class CorruptFrames(VideoError):
    """Packets or frames are damaged, so that some frame cannot be given as it was."""


class TooLarge(VideoError):
    """The picture has more pixels than the cap."""


class ResolutionChanges(VideoError):
    """The picture changes its size within the file."""


class DecodeTimeout(VideoError):
    """The decoder gave no sign of life for too long."""


class DecoderCrashed(VideoError):
    """The process that decodes the file was ended by a signal."""


class OutOfMemory(VideoError):
    """Decoding the file needs more memory than allowed."""


class UnsupportedByBackend(VideoError):
    """The chosen backend cannot be trusted with this file; another one can."""


def named_error(name: str, path: str, reason: str) -> VideoError:
    """Rebuild an error from its class name, path and reason."""
    kinds = {kind.__name__: kind for kind in VideoError.__subclasses__()}
    return kinds.get(name, VideoError)(path, reason)
