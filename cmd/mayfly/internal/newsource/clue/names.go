package clue

import (
	"slices"
	"strings"
)

// Folded writes a name in lower case, letters and digits only: dev_eui, devEui and DevEUI are one name.
func Folded(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 0x7f:
			return r
		}
		return -1
	}, name)
}

// In tells whether a list of words has a name.
func In(list, name string) bool { return slices.Contains(strings.Fields(list), name) }

// What members are called, folded.
const (
	// deviceWords name what has readings.
	DeviceWords = "device devices dev enddevice enddevices enddeviceids enddeviceid deviceinfo devicedetails thing " +
		"things " +
		"sensor sensors node nodes station stations tracker unit asset assets machine meter meters logger datalogger " +
		"terminal endpoint source equipment hardware module probe beacon instrument transmitter controller vehicle " +
		"tag " +
		"modem origin identity"
	// otherWords name what is not the device.
	OtherWords = "gateway gateways gw gateway0 rxinfo rxmetadata customer client user account organization " +
		"organisation " +
		"org tenant application app project site location company owner webhook subscription event message msg " +
		"network " +
		"cell group fleet room building zone rule alert profile model type firmware template campaign contract tags " +
		"request batch upload session transaction record report reading packet uplink position area campaignid family"
	// listWords name lists of messages.
	ListWords = "readings records data samples rows measurements events messages items uplinks values points " +
		"history logs " +
		"log payload devices sensors nodes stations entries observations results reports telemetry frames packets " +
		"batch " +
		"positions locations tracks series updates list dataset datapoints body content reading record row sample " +
		"measurement event message item point entry observation meters assets trackers units things machines"
	// sideWords name lists that are about the transmission, or for people.
	SideWords = "rxinfo rxmetadata gateways gws gwinfo tags links warnings errors metadata headers units labels " +
		"hotspots receivers basestations stations0 lrrs recipients attachments images media users contacts permissions"
	// containers name objects that hold readings.
	Containers = "data measurements readings values payload telemetry object decoded decodedpayload payloadfields " +
		"fields " +
		"sensors sensordata metrics state attributes params parameters body content uplink reading measurement " +
		"observations variables channels points inputs signals sensorvalues results decodeddata observation weather " +
		"environment value status properties message"
	// statusWords name texts that are readings.
	StatusWords = "status state event alarm mode direction door position level alert condition reason message text " +
		"trigger eventtype alarmtype winddirection winddir motion presence contact lock valve relay switch output " +
		"input " +
		"result gesture button action quality health powersource"
	// kindWords tell what kind of message it is, where there are numbers beside them.
	KindWords = "event eventtype trigger message reason action type text"
	// unitWords stand beside a value.
	UnitWords = "unit units uom unitcode quality symbol scale type name label kind description min0 precision"
	// flagWords are about the transmission.
	FlagWords = "confirmed adr test success ok ack retransmit retained simulated isretry dup duplicate encrypted islast"
	// radioWords are about the transmission, too; as properties they stand beside payload bytes.
	RadioWords = "fport port fcnt fcntup fcntdown counter framecounter seq seqno seqnumber sequence sequencenumber " +
		"packetnumber rssi snr lsnr esp dr datarate sf spreadingfactor bw bandwidth frequency freq channel " +
		"codingrate " +
		"airtime toa devaddr link lqi hopcount retries"
	// countWords are numbers that are not readings wherever they stand.
	CountWords = "seq seqno seqnumber sequence sequencenumber packetnumber version schemaversion protocolversion " +
		"formatversion apiversion v0 fport fcnt fcntup framecounter schema retries total page fw firmware " +
		"firmwareversion " +
		"fwversion hw hwversion hardwareversion sw swversion softwareversion model build revision rev"
	NameWords = "name parameter param metric variable channel field quantity measurement property sensor sensortype " +
		"sensorname datatype kind label key k type code n tag id ch port index signal point parametername " +
		"channelname " +
		"variablename measurementtype valuetype unitname pointname propertyname"
	ValueWords = "value val v reading data text numericvalue measurement result current number measuredvalue " +
		"rawvalue " +
		"avg average"
	PayloadWords = "payload data hex raw rawdata frame bytes pdu frmpayload payloadhex payloadraw payloadbase64 " +
		"content " +
		"message value body datahex uplinkdata buffer packet lorapayload rawpayload payloaddata hexdata userdata " +
		"encodeddata binary datab64 rawhex msg payloadbytes blob"
	SurePayload = "payload hex raw rawdata frame bytes pdu frmpayload payloadhex payloadraw payloadbase64 datahex " +
		"uplinkdata buffer lorapayload rawpayload payloaddata hexdata userdata encodeddata binary datab64 rawhex " +
		"payloadbytes blob"
	// partWords say little without the name of what they are in.
	PartWords = "percent percentage voltage level status state min max mean avg average count current power energy " +
		"mv " +
		"total last raw on x y z minimum maximum median delta rate"
	PortWords  = "fport port loraport lorawanport"
	IndexWords = "channel ch port index id name sensor probe address number slot input position phase line circuit type"
	// secretWords are names beyond those that package credential knows, where their texts are long.
	secretWords = "key auth pass signature sig hmac apikeyid0 accesscode pin0 hash0 webhookkey ingestkey orgkey " +
		"deviceauth " +
		"secretcode authcode cookie xsignature"
)

// idNames score names of device ids.
var idNames = map[string]int{
	"deveui": 100, "deviceeui": 100, "devicedeveui": 100, "imei": 96, "deviceimei": 97, "modemimei": 90,
	"deviceid": 95, "devid": 95, "thingid": 90, "sensorid": 88, "nodeid": 88, "stationid": 86, "unitid": 86,
	"assetid": 78, "trackerid": 90, "meterid": 88, "loggerid": 90, "terminalid": 86, "endpointid": 80, "machineid": 86,
	"serial": 90, "serialnumber": 92, "serialno": 92, "serialnum": 92, "deviceserial": 93, "deviceserialnumber": 93,
	"sn": 84, "devicesn": 92, "snr": 0, "esn": 88, "meid": 88, "iccid": 58, "imsi": 62, "iridiumimei": 90,
	"mac": 84, "macaddress": 86, "macaddr": 86, "devicemac": 90, "wifimac": 80, "bssid": 20,
	"eui": 88, "eui64": 92, "hardwareid": 86, "hwid": 86, "chipid": 84, "deviceuid": 93, "deviceuuid": 92,
	"clientid": 60, "uid": 58, "uuid": 52, "guid": 45, "coreid": 88, "moduleid": 80, "tagid": 78, "beaconid": 84,
	"vin": 84, "registrationid": 80, "devicename": 64, "sensorname": 58, "stationname": 58, "nodename": 60,
	"hostname": 60, "host": 50, "devaddr": 48, "ain": 60, "msisdn": 45, "appeui": 0, "joineui": 0, "gatewayeui": 10,
	"deviceidentifier": 94, "deviceref": 80, "devicecode": 84, "devicenumber": 84, "devicetag": 60, "assetname": 40,
	"imeisv": 40, "bleid": 70, "address": 38, "topic": 30, "series": 30,
}

// IDScore tells how likely a member names the device, by its name and those of what it is in. 0 to 100.
func IDScore(names []string) int {
	name, parent := Folded(names[len(names)-1]), ""
	if len(names) > 1 {
		parent = Folded(names[len(names)-2])
	}
	score := nameScore(name, parent)
	for _, up := range names[:len(names)-1] {
		if In(OtherWords, Folded(up)) && !In("event message msg report reading uplink packet record", Folded(up)) {
			score -= 60
			break
		}
	}
	return max(0, min(score, 100)-2*(len(names)-1))
}

func nameScore(name, parent string) int {
	inDevice, inOther := In(DeviceWords, parent), In(OtherWords, parent)
	switch {
	case In("id identifier ref code number addr address eui", name) && (inDevice || inOther) || name == "id":
		switch {
		case inDevice:
			return 99
		case inOther:
			return 5
		case parent == "":
			return 70
		}
		return 42
	case name == "name" || name == "label" || name == "title":
		if inDevice {
			return 54
		}
		return 30
	case In(DeviceWords, name):
		return 76
	}
	if score, ok := idNames[name]; ok {
		return score
	}
	return compoundScore(name)
}

// compoundScore is for names made of several words, such as weatherStationId.
func compoundScore(name string) int {
	for _, suffix := range []string{"id", "uid", "identifier", "serial", "serialnumber", "serialno", "name", "code"} {
		stem, ok := strings.CutSuffix(name, suffix)
		if !ok || stem == "" {
			continue
		}
		switch {
		case In(OtherWords, stem) || strings.HasPrefix(stem, "gateway") || strings.HasPrefix(stem, "message"):
			return 8
		case suffix == "name" || suffix == "code":
			if In(DeviceWords, stem) {
				return 56
			}
		case strings.HasPrefix(suffix, "serial"):
			return 88
		case In(DeviceWords, stem):
			return 88
		}
		for word := range strings.FieldsSeq(DeviceWords) {
			if strings.HasSuffix(stem, word) && suffix != "name" && suffix != "code" {
				return 84
			}
		}
		if suffix == "id" {
			return 36
		}
	}
	switch {
	case strings.Contains(name, "imei"), strings.Contains(name, "deveui"):
		return 90
	case strings.HasPrefix(name, "serial"):
		return 84
	case strings.HasSuffix(name, "macaddress"), strings.HasSuffix(name, "macaddr"), strings.HasSuffix(name, "devmac"):
		return 82
	}
	return 0
}

// IsMessageID tells names of ids of one message.
func IsMessageID(names []string) bool {
	name := Folded(names[len(names)-1])
	if In("messageid msgid eventid uplinkid deduplicationid dedupid notificationid packetid recordid readingid "+
		"transactionid eventuuid messageuuid uplinkmessageid guid reportid sampleid measurementid msguid messageguid "+
		"correlationid deliveryid requestid", name) {
		return true
	}
	return len(names) > 1 && In("id uuid guid", name) && In("event message msg uplink report record packet",
		Folded(names[len(names)-2]))
}

// timeNames score names of times.
var timeNames = map[string]int{
	"measuredat": 100, "measurementtime": 100, "measuretime": 100, "timeofmeasurement": 100, "observedat": 98,
	"observationtime": 98, "recordedat": 97, "sampledat": 97, "sampletime": 97, "capturedat": 96, "devicetime": 95,
	"timestamp": 95, "eventtime": 94, "ts": 92, "time": 91, "datetime": 90, "dateutc": 92, "timeutc": 92, "utc": 88,
	"utctime": 92, "epoch": 88, "unixtime": 88, "unix": 86, "unixtimestamp": 90, "at": 85, "when": 85, "dt": 84,
	"occurredat": 92, "tst": 88, "fixtime": 82, "gpstime": 78, "date": 80, "reportedat": 80, "generatedat": 80,
	"sentat": 78, "sent": 76, "senttime": 78, "publishedat": 75, "published": 72, "createdat": 70, "created": 66,
	"receivedat": 65, "received": 62, "receivetime": 62, "rxtime": 62, "servertime": 48, "updatedat": 60, "updated": 56,
	"lastupdate": 60, "lastupdated": 60, "lastseen": 55, "uploadtime": 50, "t": 45, "timestampms": 95, "timems": 91,
	"isotime": 90, "isodate": 88, "localtime": 70, "timelocal": 70, "datelocal": 66, "day": 30, "clock": 50,
	"stamp":     80,
	"eventdate": 88, "readingtime": 98, "readat": 96, "logtime": 90, "datatime": 92, "msgtime": 84, "obstime": 96,
}

// TimeScore tells how likely a member is the time of the readings, by its name.
func TimeScore(name string) int {
	name = Folded(name)
	if score, ok := timeNames[name]; ok {
		return score
	}
	for _, other := range []string{
		"uptime", "runtime", "ontime", "airtime", "next", "expir", "timeout", "timezone", "boot", "calibrat", "install",
		"manufact", "since", "interval", "duration", "firmware", "build", "battery", "warrant", "service", "activat",
		"start", "begin", "registered", "produced",
	} {
		if strings.Contains(name, other) {
			return 5
		}
	}
	for _, suffix := range []string{"timestamp", "time", "datetime", "date", "ts", "utc", "epoch", "timems", "at"} {
		if strings.HasSuffix(name, suffix) && (suffix != "at" && suffix != "ts" || len(name) > 5) {
			return 60
		}
	}
	for _, prefix := range []string{"timestamp", "time", "ts", "date", "utc"} {
		if strings.HasPrefix(name, prefix) && prefix != "ts" {
			return 58
		}
	}
	return 0
}

// common are names that many senders' bodies have.
const common = "id time timestamp data type name value device deviceid ts payload temperature humidity battery temp " +
	"status " +
	"event message events messages readings values records items location lat lon latitude longitude version serial " +
	"date datetime battery voltage pressure mac imei sensors devices sensor state metadata meta info rssi object " +
	"body " +
	"measurements fields tags"

// IsCommon tells names that many senders' bodies have.
func IsCommon(name string) bool { return In(common, Folded(name)) }

// Rarity is the higher, the less likely another sender has the name.
func Rarity(name string) int {
	n := min(len(name), 20)
	if IsCommon(name) {
		n -= 30
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" {
		n -= 60 // it may be written with escapes
	}
	return n
}
