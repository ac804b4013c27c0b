story A pipeline deploys 60 stacks of three volumes, all of them are tagged
rule tag-all
  takes ec2 Create*
  runs auto-tagger
function auto-tagger as auto-tagger-role
  answers after 3s, once per resource: ec2 CreateTags on {resource} owner=pipeline

at 0s every 1.3s, 180 times deploy/stacks: ec2 CreateVolume on vol-{n} through cloudformation

expect tag-all at most suspect
expect tag-all advice
