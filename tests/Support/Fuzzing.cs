using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace AdaLora.TestSupport;

/// <summary>Gives a reader many damaged inputs. ADALORA_FUZZ sets how many per reader.</summary>
internal static class Fuzzing
{
    /// <summary>The memory that a reader may use for an input of a few kilobytes, unless it says otherwise.</summary>
    private const long UsualMemory = 256L << 20;

    /// <summary>The number of inputs.</summary>
    public static int Cases { get; } = int.Parse(Environment.GetEnvironmentVariable("ADALORA_FUZZ") ?? "400", CultureInfo.InvariantCulture);

    /// <summary>Asserts that a reader accepts every damaged input or refuses it with one of its documented exceptions, without taking up much memory.</summary>
    /// <param name="samples">Good inputs to damage.</param>
    /// <param name="read">The reader; returning means accepting.</param>
    /// <param name="isDocumented">Whether an exception is one that the reader's documentation names.</param>
    /// <param name="mostMemory">Bytes that a single input may cause to be allocated.</param>
    /// <param name="areGood">Whether the reader accepts the samples unchanged.</param>
    /// <param name="share">The part of the inputs that a reader gets that takes longer than others.</param>
    public static void Run(IReadOnlyList<byte[]> samples, Action<byte[]> read, Func<Exception, bool> isDocumented, bool areGood = true, long mostMemory = UsualMemory, double share = 1)
    {
        Assert.NotEmpty(samples);
        if (areGood)
            Assert.All(samples, read);
        var (taken, refused) = (0, 0);
        var (longest, largest) = (TimeSpan.Zero, 0L);
        for (var seed = 0; seed < Math.Ceiling(share * Cases); seed++)
        {
            var input = new Mutator(seed).Damage(samples[seed % samples.Count]);
            var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            try
            {
                read(input);
                taken++;
            }
            catch (Exception exception) when (isDocumented(exception))
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}: {exception}\n\nInput ({input.Length} bytes):\n{System.Text.Encoding.Latin1.GetString(input.AsSpan(0, Math.Min(input.Length, 2000)))}");
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            (longest, largest) = (Max(longest, Stopwatch.GetElapsedTime(start)), Math.Max(largest, allocated));
            Assert.True(allocated < mostMemory, $"Seed {seed}: {allocated:N0} bytes were allocated for an input of {input.Length}");
        }

        // Damage that is always refused, or always harmless, tests nothing.
        Assert.True(refused > 0, $"all {taken} inputs were taken");
        using var process = Process.GetCurrentProcess();
        TestContext.Current.SendDiagnosticMessage(
            $"{TestContext.Current.Test?.TestDisplayName}: {taken} taken, {refused} refused; a case allocated at most {largest >> 10:N0} KB and took at most {longest.TotalMilliseconds:N0} ms; the process was at {process.PeakWorkingSet64 >> 20:N0} MB");
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
