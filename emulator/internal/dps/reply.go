package dps

import (
	"crypto/sha1" //nolint:gosec // Azure shows this thumbprint
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/wire"
)

// operationStatus is RegistrationOperationStatus of azure-rest-api-specs DeviceProvisioningServices models.tsp.
type operationStatus struct {
	OperationID string              `json:"operationId"`
	Status      string              `json:"status"`
	State       *registrationResult `json:"registrationState,omitempty"`
}

// registrationResult is DeviceRegistrationResult of the same file.
type registrationResult struct {
	X509           *x509Result      `json:"x509,omitempty"`
	SymmetricKey   *symmetricResult `json:"symmetricKey,omitempty"`
	RegistrationID string           `json:"registrationId"`
	Created        string           `json:"createdDateTimeUtc,omitempty"`
	AssignedHub    string           `json:"assignedHub,omitempty"`
	DeviceID       string           `json:"deviceId,omitempty"`
	Status         string           `json:"status"`
	Substatus      string           `json:"substatus,omitempty"`
	ErrorCode      int              `json:"errorCode,omitempty"`
	ErrorMessage   string           `json:"errorMessage,omitempty"`
	LastUpdated    string           `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag           string           `json:"etag,omitempty"`
	Payload        json.RawMessage  `json:"payload,omitempty"`
}

type symmetricResult struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

type x509Result struct {
	EnrollmentGroupID string           `json:"enrollmentGroupId,omitempty"`
	CertificateInfo   *certificateInfo `json:"certificateInfo,omitempty"`
}

type certificateInfo struct {
	SubjectName      string `json:"subjectName"`
	SHA1Thumbprint   string `json:"sha1Thumbprint"`
	SHA256Thumbprint string `json:"sha256Thumbprint"`
	IssuerName       string `json:"issuerName"`
	NotBefore        string `json:"notBeforeUtc"`
	NotAfter         string `json:"notAfterUtc"`
	SerialNumber     string `json:"serialNumber"`
	Version          int    `json:"version"`
}

func infoOf(c *fleet.Certificate) *certificateInfo {
	sum := sha1.Sum(c.Raw) //nolint:gosec // Azure shows this thumbprint
	return &certificateInfo{
		SubjectName: c.Subject.String(), IssuerName: c.Issuer.String(),
		SHA1Thumbprint: strings.ToUpper(hex.EncodeToString(sum[:])), SHA256Thumbprint: c.Thumbprint,
		NotBefore: c.NotBefore.UTC().Format(wire.DPSTime), NotAfter: c.NotAfter.UTC().Format(wire.DPSTime),
		SerialNumber: strings.ToUpper(c.SerialNumber.Text(16)), Version: c.Version,
	}
}

// resultOf writes a registration as a version of the API does.
func resultOf(st fleet.State, version string) *registrationResult {
	if st.Assigning {
		return &registrationResult{RegistrationID: st.RegistrationID, Status: wire.StatusAssigning}
	}
	if st.Status == wire.StatusDisabled { // nothing else is sent (azure-sdk-for-c provisioning parser test)
		return &registrationResult{RegistrationID: st.RegistrationID, Status: st.Status}
	}
	r := &registrationResult{
		RegistrationID: st.RegistrationID,
		Created:        st.Created.UTC().Format(wire.DPSTime),
		LastUpdated:    st.Updated.UTC().Format(wire.DPSTime),
		Status:         st.Status,
		ErrorCode:      st.ErrorCode,
		ErrorMessage:   st.ErrorMessage,
		ETag: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `"%08x-0000-0300-0000-%08x0000"`,
			uint32(wire.Hash(st.RegistrationID)), uint32(st.Updated.Unix()))),
	}
	if st.Status == wire.StatusAssigned {
		r.AssignedHub, r.DeviceID, r.Substatus, r.Payload = st.Hub, st.DeviceID, st.Substatus, st.ReturnPayload
	}
	// Up to 2021-06-01 x509 is empty and symmetricKey absent (azure-docs iot-dps-https-*-support.md, samples).
	newer := version >= "2021-10-01"
	switch {
	case st.Certificate != nil && newer:
		r.X509 = &x509Result{EnrollmentGroupID: st.Group, CertificateInfo: infoOf(st.Certificate)}
	case st.Certificate != nil:
		r.X509 = &x509Result{}
	case newer:
		r.SymmetricKey = &symmetricResult{EnrollmentGroupID: st.Group}
	}
	return r
}

// Refused implements exchange.Service (azure-rest-api-specs models.tsp; samples in iot-dps how-to-troubleshoot-dps.md).
func (s *Service) Refused(x *exchange.Exchange, r *wire.Refusal) wire.Reply {
	x.Refuse(r)
	message := r.Message
	if message == "" {
		message = wire.DefaultText(wire.ServiceDPS, r.Code)
	}
	rep := wire.NewJSON(r.Status, struct {
		ErrorCode  int    `json:"errorCode"`
		TrackingID string `json:"trackingId"`
		Message    string `json:"message"`
		Timestamp  string `json:"timestampUtc"`
	}{r.Code, s.ids.Next(), message, x.Now.UTC().Format(wire.DPSTime)})
	rep.Set("x-ms-error-code", strconv.Itoa(r.Code))
	if r.RetryAfter > 0 {
		rep.SetRetryAfter(r.RetryAfter)
	}
	return rep
}

func jsonReply(status int, v any) wire.Reply {
	rep := wire.NewJSON(status, v)
	rep.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	return rep
}

// OperationIDs returns the source of operation ids, which have the shape of azure-docs
// iot-dps-https-sym-key-support.md: a digit, 16 hexadecimal digits, a GUID.
func OperationIDs(scope string, ids *wire.IDs) func() string {
	return func() string { return fmt.Sprintf("5.%016x.%s", wire.Hash(scope), ids.Next()) }
}
