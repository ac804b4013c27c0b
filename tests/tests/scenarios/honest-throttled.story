story Forty throttled calls in two minutes, with no recorded parameter
rule tag-all
  takes ec2 RunInstances, CreateTags
  runs auto-tagger
function auto-tagger as auto-tagger-role
  answers after 3s, 40 times only: ec2 CreateTags owner=ann throttled unrecorded

at 0s ann: ec2 RunInstances on i-1

expect tag-all at most suspect
