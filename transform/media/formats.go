package media

// Formats lists the formats that a source may name.
func Formats() []string {
	list := []Format{
		FormatJSON, FormatNDJSON, FormatForm, FormatMultipart, FormatCSV, FormatCBOR, FormatCBORs, FormatMsgPack,
		FormatSenML, FormatSenMLCBOR, FormatCloudEvent, FormatInflux, FormatOTLP, FormatXML, FormatText, FormatBytes,
	}
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	return names
}

// Headers and Delimiters list what the members of CSV may be, besides empty.
func Headers() []string { return []string{"yes", "no"} }

// Delimiters lists the delimiters of CSV.
func Delimiters() []string { return []string{",", ";", "|", " ", "\t", "tab", `\t`} }
