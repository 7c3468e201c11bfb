using AdaLora.HostileTarget;
using static TorchSharp.torch;

// Says what it is about to do before each call, so that the last line names the call that ended the process, and afterwards what came of it.
var calls = 0;
foreach (var (entry, call) in Entries.All)
{
    foreach (var (kind, make) in BadTensors.All)
    {
        Console.Write($"{entry} | {kind} | ");
        Console.Out.Flush();
        using var scope = NewDisposeScope();
        try
        {
            call(make()!);
            Console.WriteLine("taken");
        }
        catch (Exception exception)
        {
            Console.WriteLine($"{exception.GetType().Name}: {exception.Message.Split('\n')[0]}");
        }

        calls++;
    }
}

Console.WriteLine($"survived {calls} calls");
