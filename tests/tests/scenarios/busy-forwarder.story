story A forwarder of every event, 60,000 a minute
# Its pattern names no API call: its rate alone proves nothing.

rule forward-all
  takes everything
  runs shipper
function shipper as shipper-role

at 0s every 0.001s, 5000 times worker/job: sts AssumeRole on role-{n}
batches of 500

expect forward-all suspect
