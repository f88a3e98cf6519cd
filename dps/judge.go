package dps

import (
	"strconv"
	"strings"

	"mayfly/internal/lazyregexp"
	"mayfly/internal/upstream"
)

// This file sorts the errors of DPS by who has to act: the device's owner
// (Refused, NotEnrolled), the operator of DPS (Misconfigured), or nobody, because
// it passes (Failed). Microsoft documents the classes of the codes, their first
// three digits (azure-docs, iot-dps/how-to-troubleshoot-dps.md), and few codes: so
// what the text says goes before the class.

// The codes of registrations that ended as "failed".
const (
	customAllocationFailed = 400207 // azure-sdk-for-c, provisioning parser test
	blockedOrUnapproved    = 400209 // Azure/iotc-device-bridge, engine.js: "unassociated or blocked"
)

// What the operator of DPS can repair.
const (
	repairLink = "link the IoT hub to DPS again: the key that DPS has for it is old, " +
		"or may not write to the hub's registry"
	repairNoHub = "the hub that DPS would choose does not exist any more: remove its link to DPS, or link it again"
	repairStop  = "the IoT hub is suspended or disabled: enable it, or remove its link to DPS"
	repairQuota = "a quota is used up: see how many registrations DPS may hold, and how many devices its IoT hubs"
	repairRules = "see that the enrollment lists an IoT hub that is linked to DPS, and what its allocation policy wants"
	repairEntry = "see whether DPS admits this network, and whether a quota of DPS or of its IoT hubs is used up"
	repairCode  = "see that the function of the custom allocation exists at its URL and answers with an IoT hub"
	repairOther = "see the IoT hub's error in upstream.message: DPS could not create the device there"
)

// reason is one row of the table of texts and classes.
type reason struct {
	words  []string // one of them is in the text; nil: any text
	class  int      // of the code; 0: any
	kind   Kind
	repair string
}

// matches reports whether an error is of this kind.
func (r *reason) matches(class int, text string) bool {
	return (r.class == 0 || r.class == class) && (r.words == nil || containsAny(text, r.words...))
}

// reasons is the table; the first row that matches counts.
var reasons = [...]reason{
	{nil, 429, Failed, ""},
	{nil, 408, Failed, ""},
	{nil, 409, Failed, ""}, // somebody else is registering the same device just now
	{nil, 412, Failed, ""},
	{[]string{"throttl", "rate limit", "timed out", "timeout", "temporar", "try again", "unavailable", "busy"},
		0, Failed, ""},
	{[]string{"blocked", "not approved", "approval", "unassociated", "revoked"}, 0, Refused, ""},
	{[]string{"device is disabled", "enrollment is disabled"}, 0, Refused, ""},
	{[]string{"custom allocation", "webhook"}, 0, Misconfigured, repairCode},
	{[]string{"quota", "limit", "exceeded", "maximum", "too many"}, 0, Misconfigured, repairQuota},
	{[]string{"allocation"}, 0, Misconfigured, repairRules},
	{[]string{"hub"}, 401, Misconfigured, repairLink},
	{[]string{"hub"}, 404, Misconfigured, repairNoHub},
	{[]string{"hub"}, 0, Misconfigured, repairRules},
	{nil, 401, Misconfigured, repairLink}, // the device itself was authenticated when it began
	{nil, 403, Misconfigured, repairEntry},
	{nil, 404, NotEnrolled, ""},
	{nil, 400, Misconfigured, repairRules},
}

// judge tells what an error of a registration means, by its code and its text.
func judge(code int, message string) (k Kind, repair string) {
	class, text := upstream.Class(code), strings.ToLower(message)
	if code == blockedOrUnapproved {
		return Refused, ""
	}
	if hub, ok := upstream.ReadForeign(message); ok {
		return judgeHub(class, &hub)
	}
	if code == customAllocationFailed || strings.Contains(text, "custom allocation failed") {
		return judgeAllocation(text)
	}
	if class >= 500 {
		return Failed, ""
	}
	for i := range reasons {
		if r := &reasons[i]; r.matches(class, text) {
			return r.kind, r.repair
		}
	}
	if class != 0 {
		return Misconfigured, repairRules
	}
	return Refused, "" // DPS gives no reason at all
}

// judgeHub tells what the error of a hub means, where DPS passes it on: the hub
// has answered DPS, and not the device (azure-iot-sdk-c issue 1789).
func judgeHub(class int, hub *upstream.Detail) (k Kind, repair string) {
	own := upstream.Class(hub.Code)
	if own == 0 {
		own = class
	}
	text := strings.ToLower(hub.Name + " " + hub.Message)
	switch {
	case own == 408, own == 409, own == 412, own == 429, own >= 500,
		containsAny(text, "throttl", "servererror", "unavailable", "busy", "timeout", "failingover"):
		return Failed, ""
	case hub.Code == 401001, containsAny(text, "iothubnotfound", "hub not found"):
		return Misconfigured, repairNoHub
	case hub.Code == 403001, containsAny(text, "suspended", "disabled"):
		return Misconfigured, repairStop
	case own == 403, containsAny(text, "quota", "maximum", "toomany", "too many", "limit"):
		return Misconfigured, repairQuota
	case own == 401, containsAny(text, "unauthorized"):
		return Misconfigured, repairLink
	}
	return Misconfigured, repairOther
}

// statusOfAllocation finds the status in "Custom allocation failed with status
// code: 400".
var statusOfAllocation = lazyregexp.New(`status code:?\s*(\d{3})\b`)

// judgeAllocation tells what a failure of a custom allocation means, by the status
// that its function has answered. The function refuses a device by 400 in
// Microsoft's samples (azure-docs, iot-dps/tutorial-custom-allocation-policies.md);
// IoT Central's answered 401 for a device that waits for approval
// (azure-sphere-samples issue 31).
func judgeAllocation(text string) (k Kind, repair string) {
	status := 0
	if found := statusOfAllocation().FindStringSubmatch(text); found != nil {
		status, _ = strconv.Atoi(found[1])
	}
	switch {
	case status >= 500, status == 408, status == 429,
		status == 0 && containsAny(text, "timed out", "timeout", "temporar", "unavailable"):
		return Failed, ""
	case status == 404, status == 405, status == 410, status == 411, status == 413, status == 415, status < 400:
		return Misconfigured, repairCode
	}
	return Refused, ""
}

func containsAny(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
