package blob

import (
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/emulator/internal/wire"
)

const (
	// Container is the only container of the account.
	Container = "uploads"

	apiVersion     = "2018-03-28"
	uploadLifetime = time.Hour
	maxUploads     = 10     // of one device at once (azure-docs iot-hub troubleshoot-error-codes.md, 403006)
	maxFiles       = 10_000 // kept
	maxBlocks      = 1000   // of one file, not committed
	maxStaged      = 100    // files with blocks that are not committed
)

// Errors of Start and End.
var (
	ErrTooManyUploads = errors.New("too many active uploads")
	ErrNoUpload       = errors.New("unknown upload")
	ErrUploadExpired  = errors.New("expired upload")
)

// File is an uploaded file.
type File struct {
	Name    string    `json:"name"` // {deviceId}/{blobName}
	Device  string    `json:"device"`
	Size    int       `json:"size"`
	Type    string    `json:"contentType,omitempty"`
	Time    time.Time `json:"time"`
	Outcome string    `json:"outcome,omitempty"` // what the device reported in the end: success, or the reason why not
	Data    []byte    `json:"-"`
}

// Upload is what a device needs to put a file.
type Upload struct {
	CorrelationID string
	BlobName      string // {deviceId}/{blobName}
	SASToken      string // the query of the URL, with its question mark
}

// Store keeps uploads and files. It may be used by several goroutines.
type Store struct {
	key      []byte
	maxBytes int64

	mu      sync.Mutex
	used    int64
	files   map[string]*File
	order   []string // names of files, oldest first
	staged  map[string]map[string][]byte
	uploads map[string]map[string]upload // by device, then by correlation id
}

// upload is one that was started and has not ended.
type upload struct {
	blob    string
	expires time.Time
}

// NewStore returns an empty store of at most maxBytes, which signs uploads with a key of its own.
func NewStore(secret string, maxBytes int64) *Store {
	return &Store{key: wire.DeriveKey([]byte(secret), "blob"), maxBytes: maxBytes, files: map[string]*File{},
		staged: map[string]map[string][]byte{}, uploads: map[string]map[string]upload{}}
}

// Start starts an upload of a device (azure-docs iot-hub-devguide-file-upload.md). It fails with ErrTooManyUploads.
func (s *Store) Start(device, name, correlationID string, now time.Time) (Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	active := s.uploads[device]
	for id, u := range active {
		if now.After(u.expires) {
			delete(active, id)
		}
	}
	if len(active) >= maxUploads {
		return Upload{}, ErrTooManyUploads
	}
	if active == nil {
		active = map[string]upload{}
		s.uploads[device] = active
	}
	u := upload{blob: device + "/" + name, expires: now.Add(uploadLifetime)}
	active[correlationID] = u
	expiry := u.expires.UTC().Format(time.RFC3339)
	q := url.Values{"sv": {apiVersion}, "sr": {"b"}, "sp": {"rw"}, "se": {expiry}, "sig": {s.signature(u.blob, expiry)}}
	return Upload{CorrelationID: correlationID, BlobName: u.blob, SASToken: "?" + q.Encode()}, nil
}

// End ends an upload with the outcome that the device reports. It fails with ErrNoUpload or ErrUploadExpired.
func (s *Store) End(device, correlationID, outcome string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.uploads[device][correlationID]
	if !ok {
		return ErrNoUpload
	}
	delete(s.uploads[device], correlationID)
	if len(s.uploads[device]) == 0 {
		delete(s.uploads, device)
	}
	if now.After(u.expires) {
		return ErrUploadExpired
	}
	if f := s.files[u.blob]; f != nil {
		f.Outcome = outcome
	}
	return nil
}

// Forget drops the uploads of a device that was deleted. Its files stay.
func (s *Store) Forget(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, device)
}

// Files returns copies of the files, oldest first.
func (s *Store) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]File, 0, len(s.order))
	for _, name := range s.order {
		f := *s.files[name]
		f.Data = slices.Clone(f.Data)
		out = append(out, f)
	}
	return out
}

// allowed checks the query of a SAS. Its signature has a form of its own, for nobody else writes to this store.
func (s *Store) allowed(blob string, query url.Values, now time.Time) bool {
	expires, err := time.Parse(time.RFC3339, query.Get("se"))
	return err == nil && now.Before(expires) && query.Get("sig") == s.signature(blob, query.Get("se"))
}

func (s *Store) signature(blob, expiry string) string {
	return hex.EncodeToString(wire.Sign(s.key, blob, expiry))
}

// put keeps a file and drops the oldest ones while there are too many bytes or files.
func (s *Store) put(f *File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.files[f.Name]; old != nil {
		s.used -= int64(old.Size)
		s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == f.Name })
	}
	s.files[f.Name] = f
	s.order = append(s.order, f.Name)
	s.used += int64(f.Size)
	for (s.used > s.maxBytes || len(s.order) > maxFiles) && len(s.order) > 1 {
		s.used -= int64(s.files[s.order[0]].Size)
		delete(s.files, s.order[0])
		s.order = s.order[1:]
	}
}

// stage keeps a block and returns an error code of the storage API, or "".
func (s *Store) stage(name, id string, data []byte) (code string) {
	if id == "" || len(id) > 128 {
		return "InvalidQueryParameterValue"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
	if len(blocks) >= maxBlocks || total > s.maxBytes {
		return "BlockCountExceedsLimit"
	}
	blocks[id] = data
	return ""
}

// commit returns the listed blocks joined, or an error code of the storage API.
func (s *Store) commit(name string, list []byte) (data []byte, code string) {
	var ids struct {
		Blocks []struct { // Latest, Uncommitted or Committed
			ID string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(list, &ids); err != nil {
		return nil, "InvalidXmlDocument"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := s.staged[name]
	for _, block := range ids.Blocks {
		b, ok := blocks[strings.TrimSpace(block.ID)]
		if !ok || int64(len(data)+len(b)) > s.maxBytes {
			return nil, "InvalidBlockList"
		}
		data = append(data, b...)
	}
	delete(s.staged, name)
	return data, ""
}
