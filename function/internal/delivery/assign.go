package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"mayfly/dps"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// device makes the DPS identity of a message's device.
func (f *fleet) device(ctx context.Context, m *message.Message) (dps.Device, error) {
	d, err := f.credentials.Device(ctx, m.DeviceID)
	d.Payload = RegistrationPayload(cmp.Or(m.ModelID, f.modelID), m.GatewayID)
	return d, err
}

// RegistrationPayload tells IoT Central the device's model and gateway. modelId
// is the documented member (azure-docs, iot-central/core/concepts-device-templates.md);
// iotcModelId is what older applications read.
func RegistrationPayload(modelID, gatewayID string) json.RawMessage {
	if modelID == "" && gatewayID == "" {
		return nil
	}
	type gateway struct {
		ID string `json:"iotcGatewayId"`
	}
	payload := struct {
		ModelID     string   `json:"modelId,omitempty"`
		IotcModelID string   `json:"iotcModelId,omitempty"`
		Gateway     *gateway `json:"iotcGateway,omitempty"`
	}{ModelID: modelID, IotcModelID: modelID}
	if gatewayID != "" {
		payload.Gateway = &gateway{gatewayID}
	}
	text, _ := json.Marshal(payload) // strings always marshal
	return text
}

// batch is events of one device that go out in one call.
type batch struct {
	events   []httpsend.Event
	answerBy time.Time // when the sender stops waiting for the answer
}

// send delivers a batch of one device. Where DPS or the hub refuses the device's
// credential, the credential may have been rotated: it is read again, and if it
// is another one now, the batch is sent with that.
func (f *fleet) send(ctx context.Context, m *message.Message, b batch) (hub string, err error) {
	d, err := f.device(ctx, m)
	if err != nil {
		return "", err
	}
	hub, err = f.sendAs(ctx, d, b)
	if !unauthorized(err) {
		return hub, err
	}
	f.credentials.Refresh(ctx)
	rotated, keyErr := f.device(ctx, m)
	if keyErr != nil || rotated.Same(d) {
		return hub, err
	}
	return f.sendAs(ctx, rotated, b)
}

func unauthorized(err error) bool {
	return errors.Is(err, dps.Unauthorized) || notHere(err)
}

// sendAs delivers a batch of one device: to the hub that is known, else to the
// one that is likely, else to the one that DPS names. Where the hub says that the
// device is not there, DPS is asked anew and the batch is sent once more.
func (f *fleet) sendAs(ctx context.Context, d dps.Device, b batch) (hub string, err error) {
	a, known := f.provisioner.Cached(d.ID)
	if !known {
		tried, hit, hubErr := f.sendByHint(ctx, d, b)
		if hit || hubErr != nil && !(unavailable(hubErr) && ctx.Err() == nil) {
			return tried, hubErr
		}
		if a, err = f.assign(ctx, d, b); err != nil {
			return "", firstOf(hubErr, err)
		}
		if a.Hub != tried { // else it was counted as a miss
			f.hint.learn(a.Hub, !a.Registered())
		}
	}
	// A look-up may give a hub that has lost the device as well, so the way from
	// the cache over the look-up to a registration has three hubs at the most.
	for range 3 {
		age, settling := f.provisioner.Settling(a)
		err = f.post(ctx, d, a, b)
		if err == nil {
			a.Confirm()
			return a.Hub, nil
		}
		if silent(err) && ctx.Err() == nil {
			if next, moved := f.findMoved(ctx, d, a); moved {
				a = next
				f.hint.learn(a.Hub, true)
				continue
			}
		}
		if !notHere(err) {
			return "", err
		}
		if refused := unknownThere(err); settling && refused != nil {
			return f.settle(ctx, d, a, b, &NotReady{refused, age})
		}
		next, ok, assignErr := f.reassign(ctx, d, a, b)
		if assignErr != nil && unknownThere(err) == nil {
			return "", firstOf(err, assignErr)
		}
		if assignErr != nil {
			return "", assignErr
		}
		if !ok {
			return "", err
		}
		a = next
		f.hint.learn(a.Hub, true)
	}
	return "", err
}

// firstOf returns the error of the hub, if any, where DPS could not be asked: the
// hub failed first. Else it returns what DPS says.
func firstOf(hubErr, dpsErr error) error {
	if hubErr != nil && errors.Is(dpsErr, dps.Unavailable) {
		return hubErr
	}
	return dpsErr
}

// sendByHint tries the hub where the fleet is, and gives its name where it did.
// A hit costs no DPS call. Where the hub is not available, DPS knows whether the
// device is elsewhere.
func (f *fleet) sendByHint(ctx context.Context, d dps.Device, b batch) (tried string, hit bool, err error) {
	hub, ok := f.hint.try()
	if !ok {
		return "", false, nil
	}
	a := &dps.Assignment{Hub: hub, DeviceID: d.ID}
	err = f.post(ctx, d, a, b)
	f.hinted(err)
	switch {
	case err == nil:
		a.Confirm()
		f.provisioner.Remember(d.ID, a)
		f.hint.hit()
		return hub, true, nil
	case notHere(err):
		f.hint.miss()
		return hub, false, nil
	default:
		return "", false, err
	}
}

// silent tells that a hub gave no answer at all, or was not asked because of that.
func silent(err error) bool {
	var failed *httpsend.Error
	return errors.As(err, &failed) && failed.Status == 0 &&
		(failed.Kind == httpsend.Unavailable || failed.Kind == httpsend.Down)
}

func unavailable(err error) bool {
	return errors.Is(err, httpsend.Unavailable) || errors.Is(err, httpsend.Down)
}

func notHere(err error) bool {
	return errors.Is(err, httpsend.NotHere)
}

// post sends a batch to one hub.
func (f *fleet) post(ctx context.Context, d dps.Device, a *dps.Assignment, b batch) error {
	began := f.now()
	err := f.hub.SendBatch(ctx, target(d, a, b), b.events)
	f.sent(a.Hub, f.now().Sub(began), err)
	return err
}

// target is a device at its hub.
func target(d dps.Device, a *dps.Assignment, b batch) httpsend.Target {
	t := httpsend.Target{
		Hub:         a.Hub,
		DeviceID:    a.DeviceID,
		Key:         httpsend.Key(d.Key),
		Certificate: d.Certificate,
		AnswerBy:    b.answerBy,
	}
	if a.Secondary {
		t.Key = httpsend.Key(d.SecondaryKey)
	}
	return t
}
