package dps_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mayfly/dps"
)

// hubSays is the message of a registration that a hub has refused
// (azure-iot-sdk-c issue 1789).
func hubSays(name string) string {
	return `{"Message":"ErrorCode:` + name + `;text","ExceptionMessage":"Tracking ID:1f-G:10"}`
}

// Who has to act upon a registration that ended as "failed".
func TestFailedRegistrations(t *testing.T) {
	t.Parallel()
	const allocation = "Custom allocation failed with status code: "
	tests := []struct {
		code    int
		message string
		kind    dps.Kind
		repair  string // a part of it
	}{
		// the device's owner
		{400209, "", dps.Refused, ""},
		{400209, "The IoT hub has blocked it", dps.Refused, ""},
		{400207, allocation + "400", dps.Refused, ""},
		{400207, allocation + "401", dps.Refused, ""},
		{400207, allocation + "403", dps.Refused, ""},
		{400207, allocation + "409", dps.Refused, ""},
		{400207, allocation + "422", dps.Refused, ""},
		{0, "", dps.Refused, ""},
		{403000, "The device is blocked.", dps.Refused, ""},
		{400999, "Device not approved", dps.Refused, ""},
		{403012, "The device is disabled.", dps.Refused, ""},
		{404201, "Enrollment not found.", dps.NotEnrolled, ""},
		{404202, "", dps.NotEnrolled, ""},
		{404999, "", dps.NotEnrolled, ""},

		// the operator of DPS: the custom allocation
		{400207, allocation + "404", dps.Misconfigured, "function"},
		{400207, allocation + "405", dps.Misconfigured, "function"},
		{400207, allocation + "410", dps.Misconfigured, "function"},
		{400207, allocation + "415", dps.Misconfigured, "function"},
		{400207, allocation + "302", dps.Misconfigured, "function"},
		{400207, allocation + "200", dps.Misconfigured, "function"},
		{400207, "", dps.Misconfigured, "function"},
		{400999, "Custom allocation returned no hub.", dps.Misconfigured, "function"},
		{400999, "The webhook's URL is not valid.", dps.Misconfigured, "function"},
		// the enrollment and its allocation policy
		{400208, "No IoT hub is linked.", dps.Misconfigured, "linked to DPS"},
		{400999, "The enrollment group lists no IoT Hub.", dps.Misconfigured, "linked to DPS"},
		{400999, "Allocation policy not valid", dps.Misconfigured, "allocation policy"},
		{400999, "", dps.Misconfigured, "allocation policy"},
		{405000, "", dps.Misconfigured, "allocation policy"},
		{415000, "", dps.Misconfigured, "allocation policy"},
		{199000, "", dps.Misconfigured, "allocation policy"},
		// the link to the hub
		{401002, "Unauthorized", dps.Misconfigured, "link the IoT hub"},
		{401000, "", dps.Misconfigured, "link the IoT hub"},
		{401001, "IotHub not found", dps.Misconfigured, "link the IoT hub"},
		{404001, "IoT hub not found", dps.Misconfigured, "remove its link"},
		{401002, hubSays("IotHubUnauthorizedAccess"), dps.Misconfigured, "key that DPS has for it is old"},
		{401002, `{"Message":"{\"errorCode\":401002,\"message\":\"Unauthorized\"}"}`, dps.Misconfigured, "is old"},
		{401002, `{"Message":"{\"errorCode\":401002,\"message\":\"Unauthorized access\",\"trackingId\":\"E-G2:\",` +
			`\"info\":null}","ExceptionMessage":""}`, dps.Misconfigured, "is old"}, // azure-iot-sdk-c issue 2362
		{401002, "IotHubUnauthorizedAccess", dps.Misconfigured, "is old"},
		{401002, "ErrorCode:IotHubUnauthorizedAccess;Unauthorized", dps.Misconfigured, "is old"},
		{401001, hubSays("IotHubNotFound"), dps.Misconfigured, "remove its link"},
		{400000, `{"errorCode":401001,"message":"x"}`, dps.Misconfigured, "remove its link"},
		{403001, hubSays("IotHubSuspended"), dps.Misconfigured, "suspended"},
		{400004, hubSays("ArgumentInvalid"), dps.Misconfigured, "upstream.message"},
		// quotas
		{403002, hubSays("IotHubQuotaExceeded"), dps.Misconfigured, "quota"},
		{403000, hubSays("TooManyDevices"), dps.Misconfigured, "quota"},
		{400999, `{"errorCode":403003,"message":"x"}`, dps.Misconfigured, "quota"},
		{403003, "The maximum number of registrations is reached.", dps.Misconfigured, "quota"},
		{403000, "", dps.Misconfigured, "quota"},

		// nobody: it passes
		{400207, allocation + "500", dps.Failed, ""},
		{400207, allocation + "502", dps.Failed, ""},
		{400207, allocation + "503", dps.Failed, ""},
		{400207, allocation + "429", dps.Failed, ""},
		{400207, allocation + "408", dps.Failed, ""},
		{400207, "Custom allocation timed out.", dps.Failed, ""},
		{408000, "", dps.Failed, ""},
		{409203, "Precondition failed.", dps.Failed, ""},
		{412002, "", dps.Failed, ""},
		{429001, "Operations are being throttled for this tenant.", dps.Failed, ""},
		{429999, "", dps.Failed, ""},
		{429, "", dps.Failed, ""},
		{500001, "", dps.Failed, ""},
		{503001, "the hub is blocked", dps.Failed, ""},
		{599999, "", dps.Failed, ""},
		{400999, "The request was throttled.", dps.Failed, ""},
		{400999, "Try again later", dps.Failed, ""},
		{403999, "The rate limit is exceeded.", dps.Failed, ""},
		{500001, hubSays("ServerError"), dps.Failed, ""},
		{400999, hubSays("ServerError"), dps.Failed, ""},
		{400999, hubSays("ThrottlingException"), dps.Failed, ""},
		{401002, `{"errorCode":429001,"message":"x"}`, dps.Failed, ""},
		{401002, `{"errorCode":503001,"message":"x"}`, dps.Failed, ""},
		{404012, hubSays("IotHubFailingOver"), dps.Failed, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d %s", tt.code, tt.message), func(t *testing.T) {
			t.Parallel()
			message, _ := json.Marshal(tt.message)
			body := fmt.Sprintf(`{"operationId":"o","status":"failed","registrationState":{"status":"failed",`+
				`"errorCode":%d,"errorMessage":%s}}`, tt.code, message)
			client := &dps.Client{IDScope: "s", Transport: answers(200, body)}
			_, err := client.Operation(t.Context(), dps.Device{ID: "dev-1", Key: groupKey(t)}, "o")
			failed, ok := errors.AsType[*dps.Error](err)
			if !ok || failed.Kind != tt.kind || failed.Code != tt.code ||
				failed.Retryable() != (tt.kind == dps.Failed) {
				t.Fatalf("got %v, want %v", err, tt.kind)
			}
			if !strings.Contains(failed.Repair, tt.repair) || (failed.Repair != "") != (tt.kind == dps.Misconfigured) {
				t.Errorf("repair %q, want %q", failed.Repair, tt.repair)
			}
		})
	}
}

// The same errors as the direct answer to a call.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		body   string
		kind   dps.Kind
	}{
		{401, `{"errorCode":401002,"message":"Unauthorized"}`, dps.Unauthorized},
		{401, `{"errorCode":401002,"message":"{\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;x\"}"}`,
			dps.Misconfigured},
		{400, `{"errorCode":400207,"message":"Custom allocation failed with status code: 500"}`, dps.Failed},
		{400, `{"errorCode":400207,"message":"Custom allocation failed with status code: 400"}`, dps.Refused},
		{400, `{"errorCode":400209,"message":""}`, dps.Refused},
		{400, `{"errorCode":400004,"message":"bad"}`, dps.Invalid},
		{403, `{"errorCode":403003,"message":"The maximum number of registrations is reached."}`, dps.Misconfigured},
		{403, `Forbidden`, dps.Misconfigured},
		{403, `{"message":"The device is blocked."}`, dps.Refused},
		{404, `{"errorCode":404201,"message":"Enrollment not found."}`, dps.NotEnrolled},
		{409, `{"errorCode":409203,"message":"Precondition failed."}`, dps.Unavailable},
		{429, `{"errorCode":429001}`, dps.Throttled},
		{503, `{"errorCode":503001}`, dps.Unavailable},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d %s", tt.status, tt.body), func(t *testing.T) {
			t.Parallel()
			client := &dps.Client{IDScope: "s", Transport: answers(tt.status, tt.body)}
			_, err := client.Register(t.Context(), dps.Device{ID: "dev-1", Key: groupKey(t)})
			failed, ok := errors.AsType[*dps.Error](err)
			if !ok || failed.Kind != tt.kind || (failed.Repair != "") != (tt.kind == dps.Misconfigured) {
				t.Errorf("got %v (%q), want %v", err, failed.Repair, tt.kind)
			}
		})
	}
}
