package file

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// units are those of sizes, the longer names first.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// ParsePlace reads what stands behind "file:": a folder, and after a question mark how much it may take, as in
// /var/lib/mayfly/queue?max=2GiB.
func ParsePlace(place string) (dir string, o Options, err error) {
	dir, query, _ := strings.Cut(place, "?")
	if dir == "" {
		return "", o, errors.New("file: needs a folder, as in file:/var/lib/mayfly/queue")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", o, errors.New("file: what is behind the question mark must look like max=2GiB")
	}
	for name, list := range values {
		if name != "max" || len(list) != 1 {
			return "", o, fmt.Errorf("file: has no option %q beside one max, as in ?max=2GiB", name)
		}
		if o.MaxBytes, err = parseSize(list[0]); err != nil {
			return "", o, err
		}
	}
	return dir, o, nil
}

func parseSize(text string) (int64, error) {
	for _, unit := range units {
		number, has := strings.CutSuffix(text, unit.name)
		if !has {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n > math.MaxInt64/unit.bytes {
			break
		}
		if n*unit.bytes < MinMaxBytes {
			return 0, fmt.Errorf("file: max must be at least %dMiB", MinMaxBytes>>20)
		}
		return n * unit.bytes, nil
	}
	return 0, fmt.Errorf("file: max must be a number of bytes as in 500MiB or 2GiB, not %.40q", text)
}
