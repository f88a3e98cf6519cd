package deploy_test

import (
	"fmt"
	"testing"

	"github.com/goccy/go-yaml"
)

// The queue of durable mode is off by default, and as SQS and Lambda want it to be: hidden for six times as long as the
// function may take, in order, with dead letters, and with messages that fail one by one.
func TestTemplateQueue(t *testing.T) {
	t.Parallel()
	var tpl struct {
		Parameters map[string]struct{ Default any } `yaml:"Parameters"`
		Resources  map[string]struct {
			Condition  string         `yaml:"Condition"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(read(t, "template.yaml"), &tpl); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(load(t).Parameters["DurableMode"].Default); got != "off" {
		t.Errorf("DurableMode is %s by default, want off", got)
	}
	for _, id := range []string{
		"Queue", "DeadLetters", "QueueKey", "QueueDelivery", "QueueAgeAlarm", "DeadLetterAlarm",
	} {
		if tpl.Resources[id].Condition != "HasQueue" {
			t.Errorf("%s is made without DurableMode", id)
		}
	}
	_, fn := load(t).function(t)
	q := tpl.Resources["Queue"].Properties
	if hidden, _ := q["VisibilityTimeout"].(uint64); hidden < 6*uint64(fn.Properties.Timeout) {
		t.Errorf("VisibilityTimeout = %d, want six times the function's %d s", hidden, fn.Properties.Timeout)
	}
	for _, id := range []string{"Queue", "DeadLetters"} {
		p := tpl.Resources[id].Properties
		if fmt.Sprint(p["FifoQueue"], p["SqsManagedSseEnabled"], p["MessageRetentionPeriod"]) != "true true 1209600" {
			t.Errorf("%s: %v, want FIFO, encrypted, for 14 days", id, p)
		}
	}
	policy, _ := q["RedrivePolicy"].(map[string]any)
	if fmt.Sprint(policy["deadLetterTargetArn"], policy["maxReceiveCount"]) != "DeadLetters.Arn1000" {
		t.Errorf("RedrivePolicy = %v", policy)
	}
	mapping := tpl.Resources["QueueDelivery"].Properties
	got := fmt.Sprint(mapping["FunctionResponseTypes"], mapping["EventSourceArn"], mapping["FunctionName"])
	if got != "[ReportBatchItemFailures]Queue.ArnMayfly" {
		t.Errorf("the event source mapping is %v", mapping)
	}
	for variable, want := range map[string]string{
		"QUEUE": "[HasQueue sqs:${Queue} ]", "DURABLE": "[HasQueue DurableMode never]",
		"QUEUE_SIGNING_KEY": "[HasQueue QueueKey ]",
	} {
		if got := fmt.Sprint(fn.Properties.Environment.Variables[variable]); got != want {
			t.Errorf("%s = %s, want %s", variable, got, want)
		}
	}
}

// The function of the storage queue has the one binding that the Functions host calls it by, with the name that the
// template gives the queue.
func TestQueueTrigger(t *testing.T) {
	t.Parallel()
	var function struct {
		Bindings []struct{ Type, Direction, Name, QueueName, Connection string }
	}
	readJSON(t, "queue/function.json", &function)
	want := "[{queueTrigger in message mayfly AzureWebJobsStorage}]"
	if got := fmt.Sprint(function.Bindings); got != want {
		t.Errorf("bindings %s, want %s", got, want)
	}
}
