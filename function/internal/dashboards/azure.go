package dashboards

import (
	"encoding/json"
	"fmt"
	"strings"
)

// workbook makes the workbook of Azure Monitor, as its advanced editor takes it.
func workbook() object {
	items := []object{
		{"type": 1, "name": "about", "content": object{
			"json": "# Mayfly\n\nWhat becomes of telemetry, how long it takes, and on whose side. " +
				"Counters are per step of time.",
		}},
		{"type": 9, "name": "parameters", "content": object{
			"version": "KqlParameterItem/1.0", "style": "pills", "queryType": 0,
			"resourceType": "microsoft.insights/components",
			"parameters": []object{{
				"id": "b1f6c3a0-5f0e-4f6a-9d0e-3c0f1e7a2d11", "version": "KqlParameterItem/1.0", "name": "TimeRange",
				"label": "Time", "type": 4, "isRequired": true, "value": object{"durationMs": 21600000},
				"typeSettings": object{"selectableValues": []object{
					{"durationMs": 3600000}, {"durationMs": 21600000},
					{"durationMs": 86400000}, {"durationMs": 604800000},
				}},
			}},
		}},
	}
	for _, r := range rows() {
		items = append(items, object{"type": 1, "name": r.title, "content": object{"json": "## " + r.title}})
		for i := range r.panels {
			p := &r.panels[i]
			items = append(items, object{
				"type": 3, "name": r.title + ": " + p.title, "customWidth": "33",
				"content": object{
					"version": "KqlItem/1.0", "title": strings.ReplaceAll(p.title, "99 %", "longest"),
					"noDataMessage": p.about,
					"query":         p.kql("{TimeRange:grain}"),
					"size":          1, "queryType": 0, "visualization": "timechart",
					"resourceType": "microsoft.insights/components", "timeContextFromParameter": "TimeRange",
					"chartSettings": object{"yAxis": []string{"value"}, "group": "series"},
				},
			})
		}
	}
	const schema = "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json"
	return object{
		"version": "Notebook/1.0", "items": items, "fallbackResourceIds": []string{}, "$schema": schema,
	}
}

// azureTemplate makes an ARM template with the workbook and the alerts, for Application Insights that metrics come to
// over OTLP.
func azureTemplate() (object, error) {
	text, err := json.Marshal(workbook())
	if err != nil {
		return nil, err
	}
	insights := "[resourceId('Microsoft.Insights/components', parameters('insightsName'))]"
	resources := []object{{
		"type": "Microsoft.Insights/workbooks", "apiVersion": "2022-04-01",
		"name":     "[guid(resourceGroup().id, parameters('insightsName'), 'mayfly')]",
		"location": "[parameters('location')]", "kind": "shared",
		"properties": object{
			"displayName": "Mayfly", "category": "workbook", "sourceId": insights, "version": "1.0",
			"serializedData": string(text),
		},
	}}
	for _, a := range alerts() {
		if !a.promOnly {
			resources = append(resources, a.azure(insights))
		}
	}
	return object{
		"$schema":        "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
		"contentVersion": "1.0.0.0",
		"metadata":       object{"description": "Mayfly's workbook and alerts; " + made},
		"parameters": object{
			"insightsName": object{"type": "string", "metadata": object{
				"description": "Application Insights that gets the metrics, in this resource group"}},
			"location": object{"type": "string", "defaultValue": "[resourceGroup().location]", "metadata": object{
				"description": "Region of the workbook and of the alerts"}},
			"actionGroup": object{"type": "string", "defaultValue": "", "metadata": object{
				"description": "Id of the action group that is told of alerts; empty: none, the portal shows them"}},
			"runbook": object{"type": "string", "defaultValue": runbook, "metadata": object{
				"description": "Address of the runbook; alerts add the section"}},
		},
		"resources": resources,
	}, nil
}

// azure makes an alert rule.
func (a *alert) azure(insights string) object {
	severity := 1
	if a.severity == ticket {
		severity = 3
	}
	window := max(a.window, 5)
	periods := max(a.lasting/5, 1)
	criterion := object{
		"query": a.kql(), "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0,
		"failingPeriods": object{"numberOfEvaluationPeriods": periods, "minFailingPeriodsToAlert": periods},
	}
	where := a.where("the-code")
	if a.part.by != "" && a.section == "" {
		where = "" // the section of the code, which the dimension tells
		criterion["dimensions"] = []object{{"name": "series", "operator": "Include", "values": []string{"*"}}}
	}
	return object{
		"type": "Microsoft.Insights/scheduledQueryRules", "apiVersion": "2021-08-01", "kind": "LogAlert",
		"name":     fmt.Sprintf("[format('{0}-%s', parameters('insightsName'))]", a.name),
		"location": "[parameters('location')]",
		"properties": object{
			"displayName": a.name, "severity": severity, "enabled": true, "scopes": []string{insights},
			"description": fmt.Sprintf("[format('%s. Runbook: {0}%s', parameters('runbook'))]",
				quoted(a.about), where),
			"evaluationFrequency": "PT5M", "windowSize": isoWindow(window), "autoMitigate": true,
			"criteria": object{"allOf": []object{criterion}},
			"actions": object{"actionGroups": "[if(empty(parameters('actionGroup')), " +
				"createArray(), createArray(parameters('actionGroup')))]"},
		},
	}
}

// made tells whoever reads a file where it comes from.
const made = "made by go generate ./function/internal/dashboards"

// quoted makes a text fit for the inside of a literal of ARM.
func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }

// isoWindow is a window as Azure takes it: 5, 10, 15, 30, 45 or 60 minutes.
func isoWindow(minutes int) string {
	if minutes == 60 {
		return "PT1H"
	}
	return fmt.Sprintf("PT%dM", minutes)
}
