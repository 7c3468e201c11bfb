using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AdaLora.Tests;

public sealed class OptionWarningTests
{
    [Theory]
    [InlineData(3, 8)]
    [InlineData(50, 1)]
    [InlineData(3000, 8)]
    [InlineData(100_000, 16)]
    public void Options_for_a_number_of_steps_fit_it_and_give_no_warning(long steps, int rank)
    {
        using var model = new TinyModel();
        var log = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(steps, rank) with { TrainedModules = ["head"], Alpha = 2 * rank }, log);
        var schedule = adapted.Schedule!;

        Assert.Equal(steps, schedule.TotalSteps);
        Assert.Equal(2 * rank, schedule.TargetBudget);
        Assert.True(schedule.InitialBudget > schedule.TargetBudget);
        Assert.True(schedule.FinalSteps >= 0.3 * steps);
        if (steps >= 50)
            Assert.InRange((schedule.FirstFinalStep - schedule.InitialSteps) / schedule.Interval, 20, 500);
        if (steps >= 50)
            Assert.DoesNotContain(log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    [Theory]
    [InlineData(0.05, 1, 8, "Only 5 of 100 steps")]
    [InlineData(0.5, 20, 8, "only 2 masks")]
    [InlineData(0.5, 1, 0.5, "scaled by 0.125 to 0.125")]
    [InlineData(0.5, 1, 64, "scaled by 16 to 16")]
    [InlineData(0.5, 1, 8, null)]
    public void A_setting_that_is_known_to_do_badly_is_named_with_the_chapter_of_the_guide(double final, long interval, double alpha, string? warning)
    {
        using var model = new TinyModel();
        var log = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, Options(final, interval, alpha), log);
        adapted.Begin(100);
        adapted.Begin(100);

        var told = log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text).ToList();
        if (warning is null)
        {
            Assert.Empty(told);
            return;
        }

        var text = Assert.Single(told);
        Assert.Contains(warning, text, StringComparison.Ordinal);
        var anchor = text[(text.IndexOf("docs/guide.md#", StringComparison.Ordinal) + "docs/guide.md#".Length)..].Trim();
        Assert.Contains(File.ReadLines(TestMaterial.InRepository("docs/guide.md")), line => line.StartsWith('#') && line.TrimStart('#', ' ').ToLowerInvariant().Replace(' ', '-') == anchor);
    }

    [Fact]
    public void A_training_without_pruning_needs_no_final_phase()
    {
        using var model = new TinyModel();
        var log = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, Options(0, 1, 8) with { TargetRank = 4 }, log);
        adapted.Begin(100);

        Assert.DoesNotContain(log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    [Theory]
    [InlineData(2, 8)]
    [InlineData(100, 0)]
    public void Too_few_steps_or_ranks_are_refused(long steps, int rank) => Assert.Throws<ArgumentOutOfRangeException>(() => AdaLoraOptions.ForTotalSteps(steps, rank));

    private static AdaLoraOptions Options(double final, long interval, double alpha) => new()
    {
        InitialRank = 4,
        TargetRank = 2,
        Alpha = alpha,
        TrainedModules = ["head"],
        FinalPhase = PhaseLength.Fraction(final),
        MaskInterval = interval,
    };

    [Fact]
    public void An_exclusion_that_matches_nothing_is_told_and_modules_trained_in_full_are_none()
    {
        using var model = new TinyModel();
        var log = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(
            model, AdaLoraOptions.ForTotalSteps(100) with { TrainedModules = ["head"], Alpha = 16, Targets = TargetModules.AllLinear.Excluding("misspelt") }, log);

        Assert.Equal(
            ["suffix 'misspelt' in Targets excludes nothing: the model has no such module"],
            log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text.Trim()));
    }
}
