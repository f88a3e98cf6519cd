package dps_test

import (
	"testing"

	"mayfly/dps"
)

func TestStats(t *testing.T) {
	t.Parallel()
	p := dps.NewProvisioner(&dps.Client{
		IDScope: "0ne00000001", Transport: answers(401, `{"errorCode":401002}`),
	}, dps.Options{})
	if _, err := p.Assign(t.Context(), dps.Device{ID: "d1", Key: groupKey(t).Derive("d1")}); err == nil {
		t.Fatal("the device was assigned")
	}
	p.Remember("d2", &dps.Assignment{Hub: "h.azure-devices.net", DeviceID: "d2"})
	if got, want := p.Stats(), (dps.Stats{Assignments: 1, Refusals: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
