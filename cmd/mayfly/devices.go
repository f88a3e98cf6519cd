package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"mayfly/cmd/mayfly/internal/devicelist"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/dps"
)

// devicesCommand writes files that create many devices at once.
type devicesCommand struct {
	CSV devicesCSVCommand `cmd:"" name:"csv" help:"Write an import file from a list or from an emulator's devices."`
}

// devicesCSVCommand writes one import file.
type devicesCSVCommand struct {
	groupKeys
	List     string `arg:"" optional:"" complete:"file" help:"The list of devices; standard input by default."`
	Emulator string `placeholder:"URL" help:"Take the devices of a running emulator, such as http://127.0.0.1:7080."`
	Format   string `default:"iot-central" enum:"iot-central,iot-hub,dps" help:"iot-central, iot-hub or dps."`
	NoKeys   bool   `help:"Write no keys; IoT Central's devices of a group need none."`
	Out      string `short:"o" placeholder:"FILE" help:"Write to a new file instead of standard output."`
}

// Help is the long help of the command.
func (devicesCSVCommand) Help() string {
	return `The list has an id per line, or is CSV with a header such as id,name, or JSON.

  iot-central  CSV for "Import devices" on the Devices page: IOTC_DEVICEID, IOTC_DEVICENAME
               and the keys, if GROUP_KEY is set
  iot-hub      devices.txt, to be put into a blob container for
               az iot hub device-identity import --hub-name HUB --input-blob-container-uri URI
  dps          one body per line, each of ten individual enrollments, for
               POST https://DPS.azure-devices-provisioning.net/enrollments?api-version=2021-10-01

The last two need GROUP_KEY and GROUP_KEY_SECONDARY: the keys of the devices are
derived from them, so the bridge serves these devices with GROUP_KEY alone.`
}

func (c *devicesCSVCommand) Run(ctx context.Context, w *world) error {
	if c.Emulator != "" && c.List != "" {
		return tool.Hint("the devices come from a list or from an emulator, not from both", "leave out the list")
	}
	primary, secondary, err := c.load(ctx, w)
	switch {
	case c.Format != "iot-central" && (c.NoKeys || errors.Is(err, errNoGroupKey) || err == nil && secondary.IsZero()):
		return tool.Hint("--format "+c.Format+" needs both keys of each device",
			"set GROUP_KEY and GROUP_KEY_SECONDARY to the keys of the enrollment group")
	case c.NoKeys || errors.Is(err, errNoGroupKey):
		primary, secondary = dps.Key{}, dps.Key{}
	case err != nil:
		return err
	}
	list, err := c.open(ctx, w)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	to, done, err := c.create(w)
	if err != nil {
		return err
	}
	out, err := c.writer(to, !primary.IsZero())
	if err == nil {
		err = deriveAll(ctx, w, list, out, primary, secondary)
	}
	return done(err)
}

func (c *devicesCSVCommand) writer(to io.Writer, withKeys bool) (devicelist.Writer, error) {
	switch c.Format {
	case "iot-hub":
		return devicelist.IoTHub(to), nil
	case "dps":
		return devicelist.DPS(to), nil
	}
	return devicelist.IoTCentral(to, withKeys)
}

// open returns the list of devices.
func (c *devicesCSVCommand) open(ctx context.Context, w *world) (io.ReadCloser, error) {
	if c.Emulator == "" {
		return openList(w, c.List)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	url := strings.TrimSuffix(c.Emulator, "/") + "/devices"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		cancel()
		return nil, tool.Hint("--emulator is not a URL", "--emulator http://127.0.0.1:7080")
	}
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		err = fmt.Errorf("it answered %s", answer.Status)
	}
	if err != nil {
		cancel()
		return nil, tool.Hint(fmt.Sprintf("no emulator at %s: %v", c.Emulator, err),
			"the console's URL, which mayfly dev prints first")
	}
	return &body{answer.Body, cancel}, nil
}

// body ends the time limit of a request when its answer has been read.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// create returns where to write, and what completes the file: it is removed after an error, because a part of an import
// file looks like a whole one.
func (c *devicesCSVCommand) create(w *world) (to io.Writer, done func(error) error, err error) {
	if c.Out == "" {
		return w.stdout, func(err error) error { return err }, nil
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, nil, tool.Hint(c.Out+" exists", "another name, or remove it")
	}
	if err != nil {
		return nil, nil, err
	}
	return file, func(err error) error {
		err = errors.Join(err, file.Close())
		if err != nil {
			_ = os.Remove(c.Out)
		}
		return err
	}, nil
}

// openList opens a list; an empty name and "-" are standard input.
func openList(w *world, name string) (io.ReadCloser, error) {
	if file, ok := w.stdin.(*os.File); ok && name == "" && term.IsTerminal(int(file.Fd())) {
		return nil, tool.Hint("there is no list of devices", "name a file, or pipe the ids in")
	}
	if name == "" || name == "-" {
		return io.NopCloser(w.stdin), nil
	}
	return os.Open(name)
}

// writeList derives the keys of the devices in a list.
func writeList(ctx context.Context, w *world, name string, out devicelist.Writer, primary, secondary dps.Key) error {
	list, err := openList(w, name)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }()
	return deriveAll(ctx, w, list, out, primary, secondary)
}

// deriveAll writes a row for each device. Zero keys become empty columns.
func deriveAll(ctx context.Context, w *world, list io.Reader, out devicelist.Writer, primary, secondary dps.Key) error {
	bar := newCount(w.stderr)
	defer bar.finish()
	err := devicelist.Read(list, func(d devicelist.Device) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		bar.add()
		row := devicelist.Row{Device: d}
		if !primary.IsZero() {
			row.Primary = primary.Derive(d.ID).Reveal()
		}
		if !secondary.IsZero() {
			row.Secondary = secondary.Derive(d.ID).Reveal()
		}
		return out.Write(row)
	})
	return errors.Join(err, out.Flush())
}

// minCounted is from how many devices a progress bar is shown.
const minCounted = 10_000

// count is a progress bar that appears when there is much to do.
type count struct {
	to  io.Writer
	n   int
	bar *progressbar.ProgressBar
}

func newCount(to io.Writer) *count { return &count{to: to} }

func (c *count) add() {
	c.n++
	if c.n == minCounted && tool.IsTerminal(c.to) {
		c.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(c.to), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
		_ = c.bar.Add(c.n - 1)
	}
	if c.bar != nil {
		_ = c.bar.Add(1)
	}
}

func (c *count) finish() {
	if c.bar != nil {
		_ = c.bar.Finish()
	}
}
