package dashboards

import (
	"bytes"
	"encoding/json"
)

// Files makes all files, by their paths from the repository's root.
func Files() (map[string][]byte, error) {
	azure, err := azureTemplate()
	if err != nil {
		return nil, err
	}
	aws, err := awsTemplate()
	if err != nil {
		return nil, err
	}
	alerts, err := rules()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"deploy/prometheus/mayfly.rules.yaml": alerts}
	for path, content := range map[string]object{
		"deploy/grafana/mayfly.json":       grafana(),
		"deploy/azure/observability.json":  azure,
		"deploy/azure/workbook.json":       workbook(),
		"deploy/aws/observability.cf.json": aws,
	} {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(content); err != nil {
			return nil, err
		}
		files[path] = out.Bytes()
	}
	return files, nil
}
