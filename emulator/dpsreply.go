package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Registration statuses (azure-rest-api-specs DeviceProvisioningServices models.tsp).
const (
	statusAssigning = "assigning"
	statusAssigned  = "assigned"
	statusFailed    = "failed"
	statusDisabled  = "disabled"
)

const dpsTime = "2006-01-02T15:04:05.0000000Z" // seven digits (azure-docs iot-dps-https-sym-key-support.md)

// operationStatus is RegistrationOperationStatus.
type operationStatus struct {
	OperationID string             `json:"operationId"`
	Status      string             `json:"status"`
	State       *registrationState `json:"registrationState,omitempty"`
}

// registrationState is DeviceRegistrationResult.
type registrationState struct {
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

// stateOf writes a device's registration as version of the API would.
func (e *Emulator) stateOf(d *device, version string) *registrationState {
	r := &d.reg
	if d.op.active {
		return &registrationState{RegistrationID: d.registrationID, Status: statusAssigning}
	}
	if r.status == statusDisabled {
		// Nothing else (azure-sdk-for-c provisioning parser test).
		return &registrationState{RegistrationID: d.registrationID, Status: r.status}
	}
	st := &registrationState{
		RegistrationID: d.registrationID,
		Created:        r.created.UTC().Format(dpsTime),
		LastUpdated:    r.updated.UTC().Format(dpsTime),
		Status:         r.status,
		ErrorCode:      r.code,
		ErrorMessage:   r.message,
		ETag: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `"%08x-0000-0300-0000-%08x0000"`,
			uint32(hashOf(d.registrationID)), uint32(r.updated.Unix()))),
	}
	if r.status == statusAssigned {
		st.AssignedHub, st.DeviceID, st.Substatus, st.Payload = r.hub, d.deviceID, r.substatus, r.returned
	}
	// Up to 2021-06-01 x509 is empty and symmetricKey absent (azure-docs iot-dps-https-*-support.md, samples).
	newer := version >= "2021-10-01"
	switch {
	case r.cert != nil && newer:
		st.X509 = &x509Result{EnrollmentGroupID: r.group, CertificateInfo: r.cert.info()}
	case r.cert != nil:
		st.X509 = &x509Result{}
	case newer:
		st.SymmetricKey = &symmetricResult{EnrollmentGroupID: r.group}
	}
	return st
}

// dpsError is the error body of DPS (azure-rest-api-specs models.tsp; samples in iot-dps how-to-troubleshoot-dps.md).
func (e *Emulator) dpsError(r *Refusal, now time.Time) reply {
	message := r.Message
	if message == "" {
		message = usualText(ServiceDPS, r.Code)
	}
	body, _ := json.Marshal(struct {
		ErrorCode  int    `json:"errorCode"`
		TrackingID string `json:"trackingId"`
		Message    string `json:"message"`
		Timestamp  string `json:"timestampUtc"`
	}{r.Code, e.guid(), message, now.UTC().Format(dpsTime)})
	rep := reply{status: r.Status, body: body}
	rep.set("Content-Type", "application/json; charset=utf-8")
	rep.set("x-ms-error-code", strconv.Itoa(r.Code))
	return rep
}

func (c *call) json(status int, v any) reply {
	body, _ := json.Marshal(v)
	rep := reply{status: status, body: body}
	rep.set("Content-Type", "application/json; charset=utf-8")
	rep.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	return rep
}

// seconds writes a Retry-After: a number, because the SDKs read no date.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d/time.Second), 10)
}
