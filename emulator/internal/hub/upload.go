package hub

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"mayfly/emulator/internal/blob"
	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/wire"
)

const (
	maxUploadRequest = 64 << 10
	maxBlobName      = 1024
)

// startUpload answers where a device may put a file (azure-docs iot-hub-devguide-file-upload.md).
func (s *Service) startUpload(x *exchange.Exchange) wire.Reply {
	r := s.authenticate(x)
	if r == nil {
		r = x.ReadBody(maxUploadRequest)
	}
	if r != nil {
		return s.Refused(x, r)
	}
	var req struct {
		BlobName string `json:"blobName"`
	}
	err := json.Unmarshal(x.Body, &req)
	if err != nil || req.BlobName == "" || len(req.BlobName) > maxBlobName || x.TooBig {
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400004, "The blob name is missing or invalid."))
	}
	u, err := s.blobs.Start(x.Device, req.BlobName, s.ids.Next(), x.Now)
	if err != nil {
		return s.Refused(x, wire.Refuse(http.StatusForbidden, 403006, "The device has %v.", err))
	}
	rep := wire.NewJSON(http.StatusOK, struct {
		CorrelationID string `json:"correlationId"`
		HostName      string `json:"hostName"`
		ContainerName string `json:"containerName"`
		BlobName      string `json:"blobName"`
		SASToken      string `json:"sasToken"`
	}{u.CorrelationID, s.BlobHost, blob.Container, u.BlobName, u.SASToken})
	rep.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	return rep
}

// endUpload notes the result that the device reports. The Node SDK names the upload in the path, the documents in the
// body (azure-iot-sdk-node device http transport; azure-docs iot-hub-devguide-file-upload.md).
func (s *Service) endUpload(x *exchange.Exchange) wire.Reply {
	r := s.authenticate(x)
	if r == nil {
		r = x.ReadBody(maxUploadRequest)
	}
	if r != nil {
		return s.Refused(x, r)
	}
	var req struct {
		CorrelationID     string          `json:"correlationId"`
		IsSuccess         bool            `json:"isSuccess"`
		StatusCode        json.RawMessage `json:"statusCode"`
		StatusDescription string          `json:"statusDescription"`
	}
	if err := json.Unmarshal(x.Body, &req); err != nil || x.TooBig {
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400006, "The notification is not valid."))
	}
	if len(x.Segments) == 5 {
		req.CorrelationID = x.Segments[4]
	}
	outcome := "success"
	if !req.IsSuccess {
		outcome = strings.TrimSpace("failed " + string(req.StatusCode) + " " + req.StatusDescription)
	}
	switch err := s.blobs.End(x.Device, req.CorrelationID, wire.Clip(outcome, 256), x.Now); {
	case errors.Is(err, blob.ErrNoUpload):
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400015, "The correlation id is not valid."))
	case err != nil:
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400016, "The correlation id has expired."))
	}
	return wire.NoContent()
}
