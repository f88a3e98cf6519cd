// Reads lines of CloudWatch's embedded metric format from stdin, and checks them as AWS' own library checks what it is
// given: names, units, values, dimensions, limits. The structure is that of "Specification: Embedded metric format".
const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { Constants } = require('aws-embedded-metrics/lib/Constants');
const validator = require('aws-embedded-metrics/lib/utils/Validator');

const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
assert.ok(lines.length > 0, 'there are no lines');
let metrics = 0;
for (const line of lines) {
  const document = JSON.parse(line);
  validator.validateTimestamp(document._aws.Timestamp);
  const directives = document._aws.CloudWatchMetrics;
  assert.ok(Array.isArray(directives) && directives.length > 0, line);
  const names = new Set();
  for (const directive of directives) {
    assert.deepEqual(Object.keys(directive).sort(), ['Dimensions', 'Metrics', 'Namespace'], line);
    validator.validateNamespace(directive.Namespace);
    assert.ok(directive.Dimensions.length > 0, line);
    for (const set of directive.Dimensions) {
      assert.ok(set.length > 0, line);
      for (const key of set) assert.equal(typeof document[key], 'string', `${key} in ${line}`);
      validator.validateDimensionSet(Object.fromEntries(set.map((key) => [key, document[key]])));
    }
    assert.ok(directive.Metrics.length <= Constants.MAX_METRICS_PER_EVENT, line);
    for (const { Name, Unit } of directive.Metrics) {
      assert.ok(!names.has(Name), `${Name} twice in ${line}`);
      names.add(Name);
      const values = [document[Name]].flat();
      assert.ok(values.length > 0 && values.length <= Constants.MAX_VALUES_PER_METRIC, line);
      for (const value of values) validator.validateMetric(Name, value, Unit, undefined, new Map());
      metrics++;
    }
  }
}
console.log(`${lines.length} lines with ${metrics} metrics`);
