story Auto-tagger whose Create* takes CreateTags
# The tagger tags what was created; tagging is a call that begins with Create.

rule tag-instances
  takes ec2 Create*, RunInstances
  runs auto-tagger
function auto-tagger as auto-tagger-role
  answers after 10s: ec2 CreateTags on {resource} owner=ann

at 0s ann: ec2 RunInstances on i-1
lasts 1h

expect tag-instances cut by surplus after 9 firings
