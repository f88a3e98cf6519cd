package file

import (
	"errors"
	"io/fs"
	"runtime"
	"syscall"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file/seglog"
)

func (q *Queue) failure(err error) error { return failure(q.name(), err) }

// failure says what an error of the disk means.
func failure(name string, err error) error {
	if known, ok := errors.AsType[*queue.Error](err); ok {
		return known
	}
	return &queue.Error{Kind: kind(err), Queue: name, Err: err}
}

func kind(err error) queue.Kind {
	var size *sizeError
	switch {
	case errors.As(err, &size):
		return queue.TooLarge
	case errors.Is(err, seglog.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT),
		errors.Is(err, syscall.EFBIG), diskFull(err):
		return queue.Full
	case errors.Is(err, syscall.EROFS):
		return queue.ReadOnly
	case errors.Is(err, seglog.ErrMissing), errors.Is(err, fs.ErrNotExist):
		return queue.Missing
	case errors.Is(err, fs.ErrPermission):
		return queue.Denied
	}
	return queue.Unavailable
}

// diskFull is ERROR_DISK_FULL of Windows, which package syscall does not name.
func diskFull(err error) bool { return runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(112)) }
