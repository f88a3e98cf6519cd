package emulator

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxBlobBytes  = 16 << 20 // of one request
	maxBlocks     = 1000     // of one file, not committed
	maxStaged     = 100      // files with blocks that are not committed
	blobContainer = "uploads"
	blobVersion   = "2018-03-28"
)

// store is the storage account behind the file upload. Guarded by Emulator.mu.
type store struct {
	limit, used int64
	blobs       map[string]*File
	order       []string
	staged      map[string]map[string][]byte
}

// putBlob is Put Blob, Put Block and Put Block List of the storage REST API: Azure's storage libraries send a stream as
// blocks, and a buffer as a whole.
func (c *call) putBlob() reply {
	c.device = ""
	if c.r.Method != http.MethodPut {
		return c.blobError(http.StatusMethodNotAllowed, "UnsupportedHttpVerb")
	}
	if len(c.seg) < 2 || c.seg[0] != blobContainer {
		return c.blobError(http.StatusNotFound, "ContainerNotFound")
	}
	name := strings.Join(c.seg[1:], "/")
	c.device, _, _ = strings.Cut(name, "/")
	c.rec.Device = clip(c.device, maxRegistrationID)
	till, err := time.Parse(time.RFC3339, c.query.Get("se"))
	if err != nil || !c.now.Before(till) || c.query.Get("sig") != c.e.blobSignature(name, c.query.Get("se")) {
		return c.blobError(http.StatusForbidden, "AuthenticationFailed")
	}
	if r := c.readBody(maxBlobBytes); r != nil {
		return c.blobError(http.StatusBadRequest, "InvalidInput")
	}
	if c.tooBig {
		return c.blobError(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge")
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	code := ""
	switch c.query.Get("comp") {
	case "block":
		code = e.blobs.stage(name, c.query.Get("blockid"), c.body)
	case "blocklist":
		var data []byte
		if data, code = e.blobs.commit(name, c.body); code == "" {
			e.blobs.put(c.file(name, c.r.Header.Get("x-ms-blob-content-type"), data))
		}
	case "":
		if c.r.Header.Get("x-ms-blob-type") != "BlockBlob" {
			code = "MissingRequiredHeader"
			break
		}
		e.blobs.put(c.file(name, c.r.Header.Get("Content-Type"), c.body))
	default:
		code = "InvalidQueryParameterValue"
	}
	if code != "" {
		return c.blobError(http.StatusBadRequest, code)
	}
	rep := reply{status: http.StatusCreated}
	rep.set("ETag", fmt.Sprintf(`"0x%X"`, e.ids.Load()))
	rep.set("Last-Modified", c.now.UTC().Format(http.TimeFormat))
	rep.set("x-ms-version", blobVersion)
	rep.set("x-ms-request-server-encrypted", "true")
	return rep
}

func (c *call) file(name, contentType string, data []byte) *File {
	return &File{Name: name, Device: c.device, Size: len(data), Type: contentType, Time: c.now, Data: data}
}

// put keeps a file and lets the oldest go while there are too many bytes.
func (s *store) put(f *File) {
	if s.blobs == nil {
		s.blobs = map[string]*File{}
	}
	if old := s.blobs[f.Name]; old != nil {
		s.used -= int64(old.Size)
		s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == f.Name })
	}
	s.blobs[f.Name] = f
	s.order = append(s.order, f.Name)
	for s.used += int64(f.Size); (s.used > s.limit || len(s.order) > defaultEventLimit) && len(s.order) > 1; {
		s.used -= int64(s.blobs[s.order[0]].Size)
		delete(s.blobs, s.order[0])
		s.order = s.order[1:]
	}
}

// stage keeps a block; the answer is an error code of the storage API.
func (s *store) stage(name, id string, data []byte) string {
	if id == "" || len(id) > 128 {
		return "InvalidQueryParameterValue"
	}
	if s.staged == nil {
		s.staged = map[string]map[string][]byte{}
	}
	blocks := s.staged[name]
	if blocks == nil {
		if len(s.staged) >= maxStaged {
			return "BlockCountExceedsLimit"
		}
		blocks = map[string][]byte{}
		s.staged[name] = blocks
	}
	total := int64(len(data))
	for _, b := range blocks {
		total += int64(len(b))
	}
	if len(blocks) >= maxBlocks || total > s.limit {
		return "BlockCountExceedsLimit"
	}
	blocks[id] = data
	return ""
}

// commit puts the listed blocks together.
func (s *store) commit(name string, list []byte) (data []byte, code string) {
	var ids struct {
		Blocks []struct { // Latest, Uncommitted, Committed
			ID string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(list, &ids); err != nil {
		return nil, "InvalidXmlDocument"
	}
	blocks := s.staged[name]
	for _, block := range ids.Blocks {
		b, ok := blocks[strings.TrimSpace(block.ID)]
		if !ok || int64(len(data)+len(b)) > s.limit {
			return nil, "InvalidBlockList"
		}
		data = append(data, b...)
	}
	delete(s.staged, name)
	return data, ""
}

func (c *call) blobError(status int, code string) reply {
	c.rec.Note = code
	rep := reply{status: status, body: fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, code)}
	rep.set("Content-Type", "application/xml")
	rep.set("x-ms-error-code", code)
	return rep
}
