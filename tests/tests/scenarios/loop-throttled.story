story Throttled each turn, with no recorded parameter, every 20 s
rule tag-all
  takes ec2 RunInstances, CreateTags
  runs auto-tagger
function auto-tagger as auto-tagger-role
  answers after 20s: ec2 CreateTags owner=ann throttled unrecorded

at 0s ann: ec2 RunInstances on i-1

expect tag-all cut by turns after 29 firings
