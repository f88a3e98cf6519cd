package credential

// names are those of members that carry a credential, in lower case and without separators.
var names = map[string]struct{}{
	// Keys of services, as ThingSpeak (api_key, write_api_key), emoncms and Ubidots call them.
	"apikey": {}, "xapikey": {}, "writeapikey": {}, "readapikey": {}, "userapikey": {}, "masterapikey": {},
	"writekey": {}, "readkey": {}, "accesskey": {}, "accesskeyid": {}, "secretkey": {}, "secretaccesskey": {},
	"privatekey": {}, "devicekey": {}, "groupkey": {}, "sessionkey": {}, "signingkey": {}, "hmackey": {},
	"encryptionkey": {}, "authkey": {}, "authenticationkey": {}, "siteauthenticationkey": {}, "sharedkey": {},
	"sharedaccesskey": {}, "functionkey": {}, "functionskey": {}, "subscriptionkey": {}, "xfunctionskey": {},
	"thingspeakapikey": {}, "xthingspeakapikey": {}, "licensekey": {}, "apisecret": {},
	// Keys of LoRaWAN sessions (LoRaWAN 1.0.4 and 1.1, section 6).
	"appkey": {}, "nwkkey": {}, "appskey": {}, "nwkskey": {}, "fnwksintkey": {}, "snwksintkey": {}, "nwksenckey": {},
	"genappkey": {}, "netskey": {},
	// Tokens.
	"token": {}, "apitoken": {}, "accesstoken": {}, "authtoken": {}, "authenticationtoken": {}, "bearertoken": {},
	"usertoken": {}, "devicetoken": {}, "webhooktoken": {}, "securitytoken": {}, "sessiontoken": {},
	"refreshtoken": {}, "idtoken": {}, "secrettoken": {}, "sastoken": {}, "xauthtoken": {}, "jwt": {}, "jwttoken": {},
	"bearer": {}, "authorization": {}, "proxyauthorization": {}, "sharedaccesssignature": {}, "connectionstring": {},
	// Passwords and other secrets.
	"password": {}, "passwd": {}, "pwd": {}, "passphrase": {}, "passkey": {}, "passcode": {}, "wifipassword": {},
	"wifipass": {}, "mqttpassword": {}, "mqttpass": {}, "userpassword": {}, "loginpassword": {}, "secret": {},
	"clientsecret": {}, "appsecret": {}, "sharedsecret": {}, "webhooksecret": {}, "devicesecret": {}, "psk": {},
	"presharedkey": {}, "wifipsk": {}, "credential": {}, "credentials": {},
}

// mayCount are those of them whose numbers are readings: tokens are counted, and pwd may be anything.
var mayCount = map[string]struct{}{"token": {}, "pwd": {}, "psk": {}, "bearer": {}, "jwt": {}}

// The lengths of the names, without separators.
const (
	minName = 3
	maxName = 24
)

// maxSeparators bounds the separators of a name that is looked at.
const maxSeparators = 8

// fold writes a name in lower case and without separators into a buffer, and reports whether it may be one of names.
func fold(name []byte, into *[maxName]byte) ([]byte, bool) {
	if len(name) < minName || len(name) > maxName+maxSeparators {
		return nil, false
	}
	n := 0
	for _, c := range name {
		switch {
		case c == '-' || c == '.' || c == '_' || c == ' ':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c < 'a' || c > 'z':
			return nil, false
		}
		if n == maxName {
			return nil, false
		}
		into[n] = c
		n++
	}
	return into[:n], true
}

// Known reports whether a member of this name carries a credential, however it is written: api_key, apiKey, API-Key.
func Known(name string) bool {
	var buffer [maxName]byte
	folded, ok := fold([]byte(name), &buffer)
	if !ok {
		return false
	}
	_, known := names[string(folded)]
	return known
}
