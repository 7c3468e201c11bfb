using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Tests.Families;
using Xunit;

namespace AdaLora.Transformers.Tests.Generation;

/// <summary>Distributions of the next token under every sampler setting, against the reference in double precision.</summary>
public sealed class SamplerGoldenTests
{
    // Vectors whose words are all equal, or equal at the top: which of them stay is a matter of order.
    private static readonly int[] Tied = [3, 4];

    [Fact]
    public void Every_setting_gives_the_distribution_of_the_reference_for_every_vector()
    {
        var golden = EncoderGolden.Read(TestMaterial.RequireGolden("models", "decoding", "samplers.json"));
        var vectors = golden.GetProperty("vectors").EnumerateArray().ToList();
        var compared = 0;
        foreach (var run in golden.GetProperty("runs").EnumerateArray())
        {
            var settings = run.GetProperty("settings");
            var options = OptionsOf(settings);
            for (var number = 0; number < vectors.Count; number++)
            {
                if (Tied.Contains(number) && (options.TopP < 1 || options.TypicalP < 1))
                    continue;
                var scores = Numbers(vectors[number].GetProperty("logits"));
                var previous = vectors[number].GetProperty("previous").EnumerateArray().Select(id => id.GetInt32()).ToArray();
                new ScoreRules(options, 100).Apply(scores, previous, 0);
                new SamplingRules(options).Apply(scores);
                SamplingRules.SoftMax(scores);
                var distance = scores.Zip(Numbers(run.GetProperty("probabilities")[number]), (own, theirs) => Math.Abs(own - theirs)).Max();
                Assert.True(distance <= 1e-9, $"{settings.GetRawText()}, vector {number}: off by {distance:G3}");
                compared++;
            }
        }

        Assert.True(compared > 430, $"only {compared} distributions were compared");
    }

    [Fact]
    public void What_is_drawn_has_the_distribution_and_depends_on_seed_text_and_step_alone()
    {
        var draws = new Draws(7);
        const int Count = 200_000;
        var numbers = Enumerable.Range(0, Count).Select(step => draws.Uniform(3, step)).ToArray();
        Assert.All(numbers, number => Assert.InRange(number, 0, 1 - 1e-16));
        for (var tenth = 0; tenth < 10; tenth++)
            Assert.Equal(0.1, numbers.Count(number => (int)(number * 10) == tenth) / (double)Count, 4 * Math.Sqrt(0.09 / Count));
        Assert.Equal(numbers[5], new Draws(7).Uniform(3, 5));
        Assert.NotEqual(numbers[5], draws.Uniform(4, 5));
        Assert.NotEqual(numbers[5], new Draws(8).Uniform(3, 5));
        Assert.NotEqual(new Draws(null).Uniform(0, 0), new Draws(null).Uniform(0, 0));
    }

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetDouble())];

    private static GenerationOptions OptionsOf(JsonElement settings)
    {
        var options = new GenerationOptions();
        foreach (var setting in settings.EnumerateObject())
        {
            var value = setting.Value;
            options = setting.Name switch
            {
                "temperature" => options with { Temperature = value.GetDouble() },
                "top_k" => options with { TopK = value.GetInt32() },
                "top_p" => options with { TopP = value.GetDouble() },
                "min_p" => options with { MinP = value.GetDouble() },
                "typical_p" => options with { TypicalP = value.GetDouble() },
                "repetition_penalty" => options with { RepetitionPenalty = value.GetDouble() },
                "no_repeat_ngram_size" => options with { NoRepeatNgramSize = value.GetInt32() },
                _ => throw new InvalidOperationException(setting.Name),
            };
        }

        return options;
    }
}
