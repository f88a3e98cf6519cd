package devicelist

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
)

// Row is a device with its keys in base64; a key may be empty.
type Row struct {
	Device
	Primary, Secondary string
}

// Writer writes one form. Flush writes what is left.
type Writer interface {
	Write(Row) error
	Flush() error
}

// csvWriter writes a record for each row.
type csvWriter struct {
	out    *csv.Writer
	fields func(Row) []string
}

func newCSV(w io.Writer, fields func(Row) []string, header ...string) (Writer, error) {
	out := csv.NewWriter(w)
	return &csvWriter{out, fields}, out.Write(header)
}

func (w *csvWriter) Write(r Row) error { return w.out.Write(w.fields(r)) }

func (w *csvWriter) Flush() error {
	w.out.Flush()
	return w.out.Error()
}

// Keys writes CSV with an id and its two keys.
func Keys(w io.Writer) (Writer, error) {
	return newCSV(w, func(r Row) []string { return []string{r.ID, r.Primary, r.Secondary} },
		"id", "primaryKey", "secondaryKey")
}

// IoTCentral writes the CSV file of "Import devices" (azure-docs, iot-central/core/howto-manage-devices-in-bulk.md).
// The columns of keys are left out unless withKeys is set: a group's devices need none.
func IoTCentral(w io.Writer, withKeys bool) (Writer, error) {
	if !withKeys {
		return newCSV(w, func(r Row) []string { return []string{r.ID, nameOf(r)} }, "IOTC_DEVICEID", "IOTC_DEVICENAME")
	}
	return newCSV(w, func(r Row) []string { return []string{r.ID, nameOf(r), r.Primary, r.Secondary} },
		"IOTC_DEVICEID", "IOTC_DEVICENAME", "IOTC_SASKEY_PRIMARY", "IOTC_SASKEY_SECONDARY")
}

func nameOf(r Row) string {
	if r.Name == "" {
		return r.ID
	}
	return r.Name
}

type symmetricKey struct {
	PrimaryKey   string `json:"primaryKey"`
	SecondaryKey string `json:"secondaryKey"`
}

// IoTHub writes the lines of devices.txt, from which an IoT hub imports identities
// (azure-docs, iot-hub/iot-hub-bulk-identity-mgmt.md).
func IoTHub(w io.Writer) Writer {
	return &lineWriter{out: bufio.NewWriter(w), size: 1, line: func(rows []Row) any {
		type authentication struct {
			Type         string       `json:"type"`
			SymmetricKey symmetricKey `json:"symmetricKey"`
		}
		return struct {
			ID             string         `json:"id"`
			Status         string         `json:"status"`
			ImportMode     string         `json:"importMode"`
			Authentication authentication `json:"authentication"`
		}{rows[0].ID, "enabled", "createOrUpdate", authentication{"sas", keysOf(rows[0])}}
	}}
}

// maxBulkEnrollments is how many enrollments one bulk operation takes (azure-rest-api-specs, provisioningservices,
// "Run bulk device enrollment operation").
const maxBulkEnrollments = 10

// DPS writes one body of a bulk enrollment operation per line, for POST /enrollments of the service API (the same
// document).
func DPS(w io.Writer) Writer {
	type attestation struct {
		Type         string       `json:"type"`
		SymmetricKey symmetricKey `json:"symmetricKey"`
	}
	type enrollment struct {
		RegistrationID     string      `json:"registrationId"`
		DeviceID           string      `json:"deviceId"`
		Attestation        attestation `json:"attestation"`
		ProvisioningStatus string      `json:"provisioningStatus"`
	}
	return &lineWriter{out: bufio.NewWriter(w), size: maxBulkEnrollments, line: func(rows []Row) any {
		enrollments := make([]enrollment, len(rows))
		for i, r := range rows {
			enrollments[i] = enrollment{r.ID, r.ID, attestation{"symmetricKey", keysOf(r)}, "enabled"}
		}
		return struct {
			Enrollments []enrollment `json:"enrollments"`
			Mode        string       `json:"mode"`
		}{enrollments, "create"}
	}}
}

func keysOf(r Row) symmetricKey { return symmetricKey{r.Primary, r.Secondary} }

// lineWriter writes a JSON line for every size rows.
type lineWriter struct {
	out  *bufio.Writer
	size int
	line func([]Row) any
	rows []Row
}

func (w *lineWriter) Write(r Row) error {
	w.rows = append(w.rows, r)
	if len(w.rows) < w.size {
		return nil
	}
	return w.flushRows()
}

func (w *lineWriter) flushRows() error {
	if len(w.rows) == 0 {
		return nil
	}
	text, err := json.Marshal(w.line(w.rows))
	if err != nil {
		return err
	}
	w.rows = w.rows[:0]
	_, err = w.out.Write(append(text, '\n'))
	return err
}

func (w *lineWriter) Flush() error {
	if err := w.flushRows(); err != nil {
		return err
	}
	return w.out.Flush()
}
