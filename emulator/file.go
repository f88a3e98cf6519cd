package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxUploads     = 10 // at once and device (azure-docs iot-hub troubleshoot-error-codes.md, 403006)
	uploadLifetime = time.Hour
)

// upload is one that was started and not ended.
type upload struct {
	blob    string
	expires time.Time
}

// File is an uploaded file.
type File struct {
	Name    string    `json:"name"` // {deviceId}/{blobName}
	Device  string    `json:"device"`
	Size    int       `json:"size"`
	Type    string    `json:"contentType,omitempty"`
	Time    time.Time `json:"time"`
	Outcome string    `json:"outcome,omitempty"` // what the device said of it in the end: success, or why not
	Data    []byte    `json:"-"`
}

// Files lists the uploaded files, the oldest first.
func (e *Emulator) Files() []File {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]File, 0, len(e.blobs.order))
	for _, name := range e.blobs.order {
		f := *e.blobs.blobs[name]
		f.Data = slices.Clone(f.Data)
		out = append(out, f)
	}
	return out
}

// startUpload answers where a file may be put (azure-docs iot-hub-devguide-file-upload.md).
func (c *call) startUpload() reply {
	d, r := c.hubCaller()
	if r == nil {
		r = c.readBody(maxC2DBytes)
	}
	if r != nil {
		return c.refused(r)
	}
	var req struct {
		BlobName string `json:"blobName"`
	}
	if err := json.Unmarshal(c.body, &req); err != nil || req.BlobName == "" || len(req.BlobName) > 1024 || c.tooBig {
		return c.refused(refuse(http.StatusBadRequest, 400004, "The blob name is missing or invalid."))
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, u := range d.uploads {
		if c.now.After(u.expires) {
			delete(d.uploads, id)
		}
	}
	if len(d.uploads) >= maxUploads {
		return c.refused(refuse(http.StatusForbidden, 403006, "The device has %d active file uploads.", maxUploads))
	}
	if d.uploads == nil {
		d.uploads = map[string]upload{}
	}
	u := upload{blob: c.device + "/" + req.BlobName, expires: c.now.Add(uploadLifetime)}
	id := e.guid()
	d.uploads[id] = u
	q := url.Values{"sv": {blobVersion}, "sr": {"b"}, "sp": {"rw"}, "se": {u.expires.UTC().Format(time.RFC3339)}}
	q.Set("sig", e.blobSignature(u.blob, q.Get("se")))
	rep := c.json(http.StatusOK, struct {
		CorrelationID string `json:"correlationId"`
		HostName      string `json:"hostName"`
		ContainerName string `json:"containerName"`
		BlobName      string `json:"blobName"`
		SASToken      string `json:"sasToken"`
	}{id, e.cfg.BlobHost, blobContainer, u.blob, "?" + q.Encode()})
	return rep
}

// blobSignature is enough for a store that nobody else writes to.
func (e *Emulator) blobSignature(blob, expiry string) string {
	key := deriveKey([]byte(e.cfg.IDScope+e.cfg.GroupKey), "blob")
	return fmt.Sprintf("%x", sign(key, blob, expiry))
}

// endUpload takes the device's word for how it went. Node names the upload in the path, the documents in the body
// (azure-iot-sdk-node device http transport; azure-docs iot-hub-devguide-file-upload.md).
func (c *call) endUpload() reply {
	d, r := c.hubCaller()
	if r == nil {
		r = c.readBody(maxC2DBytes)
	}
	if r != nil {
		return c.refused(r)
	}
	var req struct {
		CorrelationID     string          `json:"correlationId"`
		IsSuccess         bool            `json:"isSuccess"`
		StatusCode        json.RawMessage `json:"statusCode"`
		StatusDescription string          `json:"statusDescription"`
	}
	if err := json.Unmarshal(c.body, &req); err != nil || c.tooBig {
		return c.refused(refuse(http.StatusBadRequest, 400006, "The notification is not valid."))
	}
	if len(c.seg) == 5 {
		req.CorrelationID = c.seg[4]
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	u, ok := d.uploads[req.CorrelationID]
	switch {
	case !ok:
		return c.refused(refuse(http.StatusBadRequest, 400015, "The correlation id is not valid."))
	case c.now.After(u.expires):
		delete(d.uploads, req.CorrelationID)
		return c.refused(refuse(http.StatusBadRequest, 400016, "The correlation id has expired."))
	}
	delete(d.uploads, req.CorrelationID)
	if f := e.blobs.blobs[u.blob]; f != nil {
		if f.Outcome = "success"; !req.IsSuccess {
			f.Outcome = clip(strings.TrimSpace("failed "+string(req.StatusCode)+" "+req.StatusDescription), 256)
		}
	}
	return c.noContent()
}
