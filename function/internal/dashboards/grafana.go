package dashboards

import "strings"

// object is a JSON object.
type object map[string]any

var grafanaUnits = map[unit]string{perSecond: "cps", inSeconds: "s", inBytes: "bytes", number: "short"}

// The grid of Grafana has 24 columns.
const (
	gridColumns = 24
	panelWidth  = 8
	panelHeight = 8
)

// grafana makes the dashboard of Grafana, with the data source, the job and the instance to choose.
func grafana() object {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var panels []object
	y, id := 0, 1
	for _, r := range rows() {
		panels = append(panels, object{
			"type": "row", "title": r.title, "id": id, "collapsed": false, "panels": []object{},
			"gridPos": object{"x": 0, "y": y, "w": gridColumns, "h": 1},
		})
		id, y = id+1, y+1
		for i := range r.panels {
			x := i * panelWidth % gridColumns
			if i > 0 && x == 0 {
				y += panelHeight
			}
			p := r.panels[i].grafana(source)
			p["id"], p["gridPos"] = id, object{"x": x, "y": y, "w": panelWidth, "h": panelHeight}
			panels = append(panels, p)
			id++
		}
		y += panelHeight
	}
	return object{
		"uid": "mayfly", "title": "Mayfly", "tags": []string{"mayfly", "iot"}, "schemaVersion": 41, "version": 1,
		"editable": true, "graphTooltip": 1, "refresh": "30s", "time": object{"from": "now-6h", "to": "now"},
		"description": "What becomes of telemetry, how long it takes, and on whose side. Made by go generate.",
		"links": []object{{
			"title": "Runbook", "type": "link", "url": "${runbook}", "icon": "doc", "targetBlank": true,
		}},
		"templating": object{"list": []object{
			{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
			choice(source, "job", "Job", "label_values(mayfly_build_info, job)"),
			choice(source, "instance", "Instance", `label_values(mayfly_build_info{job=~"$job"}, instance)`),
			{
				"name": "runbook", "label": "Address of the runbook", "type": "textbox", "query": runbook,
				"current": object{"text": runbook, "value": runbook},
			},
		}},
		"panels": panels,
	}
}

// choice is a variable whose values Prometheus knows.
func choice(source object, name, label, query string) object {
	return object{
		"name": name, "label": label, "type": "query", "datasource": source, "definition": query,
		"query": object{"query": query, "refId": name}, "refresh": 2, "includeAll": true, "multi": true,
		"allValue": ".*", "current": object{"text": "All", "value": "$__all"},
	}
}

func (p *panel) grafana(source object) object {
	targets := make([]object, len(p.series))
	for i := range p.series {
		s := &p.series[i]
		targets[i] = object{
			"refId": string(rune('A' + i)), "datasource": source, "expr": s.promQL(scope, interval),
			"legendFormat": s.legend(),
		}
	}
	custom := object{"fillOpacity": 10, "lineWidth": 1, "showPoints": "never"}
	if p.unit == perSecond && strings.Contains(p.title, "by ") {
		custom["stacking"] = object{"mode": "normal"}
	}
	return object{
		"type": "timeseries", "title": p.title, "description": p.about, "datasource": source, "targets": targets,
		"fieldConfig": object{
			"defaults":  object{"unit": grafanaUnits[p.unit], "min": 0, "custom": custom},
			"overrides": []object{},
		},
		"options": object{
			"legend":  object{"displayMode": "list", "placement": "bottom"},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		},
	}
}
