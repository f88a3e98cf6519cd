package wire

import (
	"fmt"
	"net/http"
	"time"
)

// The services that a call can go to.
const (
	ServiceDPS  = "dps"
	ServiceHub  = "hub"
	ServiceBlob = "blob"
)

// Refusal is an answer other than success, in Azure's terms.
type Refusal struct {
	Status     int           // HTTP status
	Code       int           // Azure's number, Status*1000+n
	Name       string        // the hub's name for it (iothub-errorcode); derived from Code when empty
	Message    string        // the text in the body
	RetryAfter time.Duration // 0: no header
}

// Refuse makes a Refusal.
func Refuse(status, code int, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("emulator: %d %d %s", r.Status, r.Code, r.Message)
}

// CodeName returns a hub's name for an error code, or "" (azure-docs iot-hub troubleshoot-error-codes.md;
// learn.microsoft.com rest/api/iothub/common-error-codes).
func CodeName(code int) string {
	switch code {
	case 400001:
		return "InvalidProtocolVersion"
	case 400004:
		return "ArgumentInvalid"
	case 400006:
		return "InvalidRequestFormat"
	case 400015, 400016:
		return "InvalidCorrelationId"
	case 400103:
		return "InvalidContentEncodingOrType"
	case 401001:
		return "IotHubNotFound"
	case 401002:
		return "IotHubUnauthorizedAccess"
	case 401003:
		return "IotHubUnauthorized"
	case 403001:
		return "IotHubSuspended"
	case 403002:
		return "IotHubQuotaExceeded"
	case 403004:
		return "DeviceMaximumQueueDepthExceeded"
	case 403006:
		return "DeviceMaximumActiveFileUploadLimitExceeded"
	case 403010:
		return "OperationNotAllowedInCurrentTier"
	case 403012:
		return "DeviceDisabled"
	case 404001:
		return "DeviceNotFound"
	case 404012:
		return "IotHubFailingOver"
	case 412001:
		return "PreconditionFailed"
	case 412002:
		return "DeviceMessageLockLost"
	case 413001:
		return "MessageTooLarge"
	case 429001:
		return "ThrottlingException"
	case 429002:
		return "ThrottlingMaxActiveFileUploadLimitExceeded"
	case 429003:
		return "ThrottlingBacklogTimeout"
	case 429005:
		return "DeviceThrottlingLimitExceeded"
	case 500001:
		return "ServerError"
	case 500008:
		return "GenericTimeout"
	case 503001:
		return "ServiceUnavailable"
	case 503005:
		return "ServerBusy"
	case 504101:
		return "GatewayTimeout"
	}
	return ""
}

// DefaultCode returns the code for a status when a fault does not give one.
func DefaultCode(service string, status int) int {
	if service == ServiceHub {
		switch status {
		case http.StatusBadRequest:
			return 400004
		case http.StatusUnauthorized:
			return 401003
		case http.StatusForbidden:
			return 403002
		case http.StatusNotFound:
			return 404001
		case http.StatusPreconditionFailed:
			return 412002
		case http.StatusRequestEntityTooLarge:
			return 413001
		case http.StatusTooManyRequests:
			return 429001
		case http.StatusInternalServerError:
			return 500001
		case http.StatusServiceUnavailable:
			return 503001
		case http.StatusGatewayTimeout:
			return 504101
		}
		return status * 1000
	}
	switch status {
	case http.StatusUnauthorized:
		return 401002
	case http.StatusNotFound:
		return 404201
	case http.StatusConflict:
		return 409203
	case http.StatusTooManyRequests:
		return 429001
	}
	return status * 1000
}

// DefaultText returns the message that was seen with a code.
func DefaultText(service string, code int) string {
	if service == ServiceDPS {
		switch code {
		case 401000, 401002:
			return "Unauthorized"
		case 400207:
			return "Custom allocation failed with status code: 400"
		case 400209:
			return "The device is not approved or it is blocked."
		case 409203:
			return "Precondition failed."
		case 429001:
			return "Operations are being throttled for this tenant."
		}
	}
	switch code / 1000 {
	case http.StatusTooManyRequests:
		return "The request has been throttled. Wait 10 seconds and try again. Operation type: DeviceToCloudMessages"
	case http.StatusInternalServerError:
		return "An internal error occurred"
	case http.StatusServiceUnavailable:
		return "Service is temporarily unavailable"
	}
	if name := CodeName(code); name != "" {
		return name
	}
	return http.StatusText(code / 1000)
}

// Throttled is the refusal of a limit of DPS (azure-docs iot-dps concepts-deploy-at-scale.md), with Retry-After rounded
// up.
func Throttled(retryAfter time.Duration) *Refusal {
	r := Refuse(http.StatusTooManyRequests, 429001, "%s", DefaultText(ServiceDPS, 429001))
	r.RetryAfter = RoundUp(retryAfter)
	return r
}
