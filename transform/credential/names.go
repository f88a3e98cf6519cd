package credential

// known reports whether a name, in lower case and without separators, is that of a member that carries a credential.
// It is a switch, so that a start does not make a map.
func known(folded []byte) bool {
	switch string(folded) {
	// Keys of services, as ThingSpeak (api_key, write_api_key), emoncms and Ubidots call them.
	case "apikey", "xapikey", "writeapikey", "readapikey", "userapikey", "masterapikey", "writekey", "readkey",
		"accesskey", "accesskeyid", "secretkey", "secretaccesskey", "privatekey", "devicekey", "groupkey",
		"sessionkey", "signingkey", "hmackey", "encryptionkey", "authkey", "authenticationkey",
		"siteauthenticationkey", "sharedkey", "sharedaccesskey", "functionkey", "functionskey", "subscriptionkey",
		"xfunctionskey", "thingspeakapikey", "xthingspeakapikey", "licensekey", "apisecret":
		return true
	// Keys of LoRaWAN sessions (LoRaWAN 1.0.4 and 1.1, section 6).
	case "appkey", "nwkkey", "appskey", "nwkskey", "fnwksintkey", "snwksintkey", "nwksenckey", "genappkey",
		"netskey":
		return true
	// Tokens.
	case "token", "apitoken", "accesstoken", "authtoken", "authenticationtoken", "bearertoken", "usertoken",
		"devicetoken", "webhooktoken", "securitytoken", "sessiontoken", "refreshtoken", "idtoken", "secrettoken",
		"sastoken", "xauthtoken", "jwt", "jwttoken", "bearer", "authorization", "proxyauthorization",
		"sharedaccesssignature", "connectionstring":
		return true
	// Passwords and other secrets.
	case "password", "passwd", "pwd", "passphrase", "passkey", "passcode", "wifipassword", "wifipass",
		"mqttpassword", "mqttpass", "userpassword", "loginpassword", "secret", "clientsecret", "appsecret",
		"sharedsecret", "webhooksecret", "devicesecret", "psk", "presharedkey", "wifipsk", "credential",
		"credentials":
		return true
	}
	return false
}

// mayCount reports whether numbers of that name are readings: tokens are counted, and pwd may be anything.
func mayCount(folded []byte) bool {
	switch string(folded) {
	case "token", "pwd", "psk", "bearer", "jwt":
		return true
	}
	return false
}

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
	return known(folded)
}
