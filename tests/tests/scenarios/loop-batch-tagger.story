story A tagger behind a queue names the same twelve instances each time
rule tag-all
  takes ec2 Create*, RunInstances
  runs tagger behind created
function tagger as tagger-role
  answers after 15s: ec2 CreateTags on i-1,i-2,i-3,i-4,i-5,i-6,i-7,i-8,i-9,i-10,i-11,i-12 owner=ann

at 0s ann: ec2 RunInstances on i-1

expect tag-all cut by surplus after 9 firings
