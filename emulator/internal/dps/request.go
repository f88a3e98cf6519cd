package dps

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/wire"
)

const (
	maxRegistrationBytes = 96 << 10 // azure-docs includes/iot-dps-limits.md: message size
	// The first api-version with csr (azure-rest-api-specs DeviceProvisioningServices models.tsp).
	csrVersion = "2025-07-01-preview"
)

// registrationRequest is DeviceRegistration of azure-rest-api-specs DeviceProvisioningServices models.tsp.
type registrationRequest struct {
	RegistrationID *string         `json:"registrationId"`
	Payload        json.RawMessage `json:"payload"`
	TPM            json.RawMessage `json:"tpm"`
	CSR            string          `json:"csr"`
}

// parse checks what all three operations have in common. It leaves the body alone where into is nil: the body of a GET
// has no meaning (the Node SDK sends {} with it, azure-iot-sdk-node provisioning/transport/http).
func (s *Service) parse(x *exchange.Exchange, into *registrationRequest) *wire.Refusal {
	if r := x.ReadBody(maxRegistrationBytes); r != nil {
		return r
	}
	if x.Query.Get("api-version") == "" {
		return wire.Refuse(http.StatusBadRequest, 400000, "The api-version query parameter is missing.")
	}
	if !strings.EqualFold(x.Segments[0], s.IDScope) {
		return wire.Refuse(http.StatusNotFound, 404201, "The ID scope %s does not exist.", wire.Clip(x.Segments[0], 32))
	}
	if !wire.ValidRegistrationID(x.Device) {
		return wire.Refuse(http.StatusBadRequest, 400004, "The registration ID is invalid.")
	}
	if into == nil {
		return nil
	}
	if x.TooBig {
		return wire.Refuse(http.StatusBadRequest, 400004, "The request is over %d bytes.", maxRegistrationBytes)
	}
	switch ct := x.Request.Header.Get("Content-Type"); {
	case ct == "":
		x.Lenient("no Content-Type")
	default:
		if t, _, err := mime.ParseMediaType(ct); err != nil || t != "application/json" {
			return wire.Refuse(http.StatusUnsupportedMediaType, 415000, "The content type %q is not supported.",
				wire.Clip(ct, 64))
		}
	}
	return parseBody(x, into)
}

func parseBody(x *exchange.Exchange, into *registrationRequest) *wire.Refusal {
	if len(x.Body) == 0 {
		return wire.Refuse(http.StatusBadRequest, 400004, "The request body is missing.")
	}
	if err := json.Unmarshal(x.Body, into); err != nil {
		return wire.Refuse(http.StatusBadRequest, 400004, "The request body is not a device registration: %v", err)
	}
	switch {
	case into.RegistrationID == nil:
		x.Lenient("no registrationId in the body")
	case !strings.EqualFold(*into.RegistrationID, x.Device):
		return wire.Refuse(http.StatusBadRequest, 400004, "The registration ID of the body is not that of the path.")
	}
	switch p := strings.TrimSpace(string(into.Payload)); {
	case p == "" || p == "null":
		into.Payload = nil
	case p[0] != '{':
		x.Lenient("payload is not a JSON object")
	}
	if into.CSR != "" && x.Query.Get("api-version") < csrVersion {
		x.Lenient("csr in an api-version that does not have it")
	}
	return nil
}

// modelOf finds the model in a registration's payload (azure-docs iot-central concepts-device-templates.md; the older
// name is that of iotc-device-bridge).
func modelOf(payload json.RawMessage) string {
	var p struct {
		ModelID     string `json:"modelId"`
		IotcModelID string `json:"iotcModelId"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return ""
	}
	if p.ModelID != "" {
		return p.ModelID
	}
	return p.IotcModelID
}
