story Own calls in strict turn with a service's
rule recorder-changed
  takes config
  runs starter
function starter as starter-role
  answers after 10s, to others only: config StartConfigurationRecorder configurationRecorderName=main

at 0s every 20s, 60 times config.amazonaws.com: config StopConfigurationRecorder configurationRecorderName=main

expect recorder-changed suspect
