using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Training.Checkpoints;

/// <summary>Kills a process that trains and saves after every batch, again and again. ADALORA_KILLS sets how often.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const long Steps = 3000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_training_that_is_killed_at_random_moments_can_always_be_resumed_and_ends_with_the_same_bytes()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable("ADALORA_KILLS") ?? "20", CultureInfo.InvariantCulture);
        var whole = (Rehearsal.Long(_folder.Path, Steps) with { Saves = false }).Run();
        var expected = Convert.ToHexString(SHA256.HashData([.. whole.Weights, .. whole.Best]));
        var random = new Random(Environment.TickCount);
        int kills = 0, whileSaving = 0, trainings = 0;
        while (kills < wanted)
        {
            var folder = _folder.File($"{trainings++}");
            while (true)
            {
                // Beyond the wanted number, training may end undisturbed.
                TimeSpan? delay = kills < wanted ? TimeSpan.FromMilliseconds(random.Next(0, 700)) : null;
                if (RunAndKill(folder, delay) is { } hash)
                {
                    Assert.Equal(expected, hash);
                    break;
                }

                kills++;
                whileSaving += Directory.Exists(folder) && Directory.GetFiles(folder, ".*.tmp").Length > 0 ? 1 : 0;
            }
        }

        output.WriteLine($"{kills} kills in {trainings} trainings, {whileSaving} of them while a checkpoint was being written");
    }

    /// <returns>What the process found at the end of the training; null if it was killed before.</returns>
    private static string? RunAndKill(string folder, TimeSpan? delay)
    {
        using var process = Process.Start(new ProcessStartInfo(TestPrograms.PathOf("AdaLora.KillTarget"))
        {
            ArgumentList = { folder, Steps.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        Assert.Equal("begun", process.StandardOutput.ReadLine());
        if (delay is { } wait && !process.WaitForExit(wait))
        {
            process.Kill();
            Assert.True(process.WaitForExit(Patience));
            return null;
        }

        var hash = process.StandardOutput.ReadLine();
        Assert.True(process.WaitForExit(Patience));
        Assert.True(process.ExitCode == 0, $"The resumed training failed: {errors.Result}");
        return hash;
    }
}
