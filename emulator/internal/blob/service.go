package blob

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const maxRequestBytes = 16 << 20

// Service answers the storage account's HTTP API.
type Service struct {
	store *Store
	ids   *wire.IDs
}

// NewService returns the HTTP API of a store. Its ETags are drawn from ids.
func NewService(store *Store, ids *wire.IDs) *Service { return &Service{store: store, ids: ids} }

// Route implements exchange.Service.
func (s *Service) Route(x *exchange.Exchange) exchange.Handler {
	x.Record.Op = record.OpBlob
	if len(x.Segments) > 1 {
		x.SetDevice(x.Segments[1])
	}
	return s.put
}

// Refused implements exchange.Service.
func (s *Service) Refused(x *exchange.Exchange, r *wire.Refusal) wire.Reply {
	x.Refuse(r)
	code := r.Name
	if code == "" {
		code = strings.ReplaceAll(http.StatusText(r.Status), " ", "")
	}
	rep := errorReply(r.Status, code, r.Message)
	if r.RetryAfter > 0 {
		rep.SetRetryAfter(r.RetryAfter)
	}
	return rep
}

// put is Put Blob, Put Block and Put Block List of the storage REST API: Azure's storage libraries send a stream as
// blocks, and a buffer as a whole.
func (s *Service) put(x *exchange.Exchange) wire.Reply {
	if x.Request.Method != http.MethodPut {
		return s.failed(x, http.StatusMethodNotAllowed, "UnsupportedHttpVerb")
	}
	if len(x.Segments) < 2 || x.Segments[0] != Container {
		return s.failed(x, http.StatusNotFound, "ContainerNotFound")
	}
	name := strings.Join(x.Segments[1:], "/")
	if !s.store.allowed(name, x.Query, x.Now) {
		return s.failed(x, http.StatusForbidden, "AuthenticationFailed")
	}
	if r := x.ReadBody(maxRequestBytes); r != nil {
		return s.failed(x, http.StatusBadRequest, "InvalidInput")
	}
	if x.TooBig {
		return s.failed(x, http.StatusRequestEntityTooLarge, "RequestBodyTooLarge")
	}
	if code := s.write(x, name); code != "" {
		return s.failed(x, http.StatusBadRequest, code)
	}
	rep := wire.Reply{Status: http.StatusCreated}
	rep.Set("ETag", fmt.Sprintf(`"0x%X"`, s.ids.Count()))
	rep.Set("Last-Modified", x.Now.UTC().Format(http.TimeFormat))
	rep.Set("x-ms-version", apiVersion)
	rep.Set("x-ms-request-server-encrypted", "true")
	return rep
}

// write does what the comp parameter asks for and returns an error code of the storage API, or "".
func (s *Service) write(x *exchange.Exchange, name string) (code string) {
	header := x.Request.Header
	switch x.Query.Get("comp") {
	case "block":
		return s.store.stage(name, x.Query.Get("blockid"), x.Body)
	case "blocklist":
		data, code := s.store.commit(name, x.Body)
		if code == "" {
			s.store.put(file(x, name, header.Get("x-ms-blob-content-type"), data))
		}
		return code
	case "":
		if header.Get("x-ms-blob-type") != "BlockBlob" {
			return "MissingRequiredHeader"
		}
		s.store.put(file(x, name, header.Get("Content-Type"), x.Body))
		return ""
	}
	return "InvalidQueryParameterValue"
}

func file(x *exchange.Exchange, name, contentType string, data []byte) *File {
	return &File{Name: name, Device: x.Device, Size: len(data), Type: contentType, Time: x.Now, Data: data}
}

func (s *Service) failed(x *exchange.Exchange, status int, code string) wire.Reply {
	x.Record.Note = code
	return errorReply(status, code, code)
}

func errorReply(status int, code, message string) wire.Reply {
	body, _ := xml.Marshal(struct { // two strings can always be marshaled
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
	rep := wire.Reply{Status: status, Body: append([]byte(xml.Header), body...)}
	rep.Set("Content-Type", "application/xml")
	rep.Set("x-ms-error-code", code)
	return rep
}
