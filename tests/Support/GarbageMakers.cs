using System.Globalization;

namespace AdaLora.TestSupport;

/// <summary>
/// Two threads that allocate strings and drop them, so that the runtime collects hundreds of times per second: an object that native code reads and managed code does not hold is freed soon.
/// ADALORA_STRESS gives the training steps of the tests next to them; they run a quarter as many forward passes per family. Figures of 20,000 are in docs/benchmarks.md.
/// </summary>
internal sealed class GarbageMakers : IDisposable
{
    private readonly List<Thread> _threads;
    private readonly int _before = GC.CollectionCount(0);
    private volatile bool _isEnding;

    public GarbageMakers()
    {
        _threads = [.. Enumerable.Range(0, 2).Select(_ => new Thread(MakeStrings) { IsBackground = true })];
        _threads.ForEach(thread => thread.Start());
    }

    public static int Steps { get; } = int.Parse(Environment.GetEnvironmentVariable("ADALORA_STRESS") ?? "200", CultureInfo.InvariantCulture);

    public int Collections => GC.CollectionCount(0) - _before;

    public void Dispose()
    {
        _isEnding = true;
        _threads.ForEach(thread => thread.Join());
    }

    private void MakeStrings()
    {
        for (var i = 0; !_isEnding; i++)
            _ = new string('a', 64 + (i % 64));
    }
}
