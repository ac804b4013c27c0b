story Converter that a schedule wakes every 5 min, too: a new object each turn, every 20 s
rule convert
  takes s3 PutObject
  runs converter
rule often
  wakes by rate(5 minutes)
  runs converter
function converter as converter-role
  answers after 20s, to kind=clip only: s3 PutObject on media/clip-{n} kind=clip

at 1m every 5m, 9 times converter: s3 PutObject on media/index-{n} kind=index
at 62m ann: s3 PutObject on media/first kind=clip

expect convert cut by turns after 38 firings
expect often left alone
