using System.Security.Cryptography;
using AdaLora.Tests.Training.Checkpoints;

// Arguments: the folder of the checkpoints, and the number of steps. Says "begun" when training is about to begin, and at the end the hash of what it learnt.
Console.WriteLine("begun");
var trace = Rehearsal.Long(args[0], long.Parse(args[1])).Run(resume: true);
Console.WriteLine(Convert.ToHexString(SHA256.HashData([.. trace.Weights, .. trace.Best])));
