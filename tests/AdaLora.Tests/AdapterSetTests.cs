using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

public sealed class AdapterSetTests : IDisposable
{
    private readonly TinyModel _model = new();
    private readonly AdapterSet _set;
    private readonly double[] _plain;

    public AdapterSetTests()
    {
        _plain = TrainedTiny.Outputs(_model);
        _set = new AdapterSet(_model);
    }

    public void Dispose()
    {
        _set.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Each_adapter_computes_its_own_when_selected_and_the_base_model_is_back_in_between()
    {
        var first = Train("one", seed: 1);
        var second = Train("two", seed: 2);
        Assert.Equal(second, TrainedTiny.Outputs(_model));
        Assert.NotEqual(first, second);

        _set.Select("one");
        Assert.Equal(first, TrainedTiny.Outputs(_model));
        _set.Select(null);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
        _set.Select("two");
        Assert.Equal(second, TrainedTiny.Outputs(_model));
        Assert.Equal((string[])["one", "two"], _set.Names);
        Assert.Equal("two", _set.Selected);
    }

    [Fact]
    public void Without_a_selection_the_model_is_the_original_one_object_for_object()
    {
        var before = _model.named_modules().Select(m => (m.name, m.module)).ToList();
        var gradients = _model.named_parameters().Select(p => (p.name, p.parameter.requires_grad)).ToList();
        Train("one", seed: 1);
        Assert.NotEqual(before.Count, _model.named_modules().Count());

        _set.Select(null);

        Assert.Equal(before, _model.named_modules().Select(m => (m.name, m.module)));
        Assert.Equal(gradients, _model.named_parameters().Select(p => (p.name, p.parameter.requires_grad)));
    }

    [Fact]
    public void Training_one_goes_on_after_another_was_selected_as_if_it_had_not_been()
    {
        double[] Run(Action<AdapterSet> between)
        {
            using var model = new TinyModel();
            using var set = new AdapterSet(model);
            var adapted = set.Add("one", TinyTask.Options);
            adapted.Begin(28);
            using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
            using var scope = NewDisposeScope();
            foreach (var (batch, step) in TinyTask.Batches(28).Select((b, i) => (b, i)))
            {
                if (step is 9 or 23)
                    between(set);
                TinyTask.Step(adapted, model, optimizer, batch);
                if (step == 21)
                    adapted.Compact(optimizer);
            }

            return TrainedTiny.Outputs(model);
        }

        var alone = Run(_ => { });
        var added = 0;
        var interrupted = Run(set =>
        {
            set.Add($"other {added++}", new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Targets = TargetModules.Suffixes("second"), TrainedModules = ["head"] });
            set.Select("one");
        });

        Assert.Equal(alone, interrupted);
    }

    [Fact]
    public void Saved_adapters_are_loaded_side_by_side()
    {
        using var folder = new TemporaryFolder();
        var first = Train("one", seed: 1);
        _set["one"].Save(folder.File("one"));
        var second = Train("two", seed: 2);
        _set["two"].Save(folder.File("two"));
        using var model = new TinyModel();
        using var loaded = new AdapterSet(model);

        loaded.Load("a", folder.File("one"));
        loaded.Load("b", folder.File("two"));

        Assert.Equal(second, TrainedTiny.Outputs(model));
        loaded.Select("a");
        Assert.Equal(first, TrainedTiny.Outputs(model));
        loaded.Dispose();
        Assert.Equal(_plain, TrainedTiny.Outputs(model));
    }

    [Fact]
    public void Disabling_lasts_as_long_as_its_scope()
    {
        var trained = Train("one", seed: 1);
        using (_set.Disable())
        {
            Assert.Equal(_plain, TrainedTiny.Outputs(_model));
            Assert.Null(_set.Selected);
        }

        Assert.Equal(trained, TrainedTiny.Outputs(_model));
        using (_set.Disable())
            _set.Delete("one");
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
    }

    [Fact]
    public void Deleting_frees_every_tensor_and_leaves_the_others()
    {
        var first = Train("one", seed: 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Train("two", seed: 2);
        Assert.True(DisposeScopeManager.Statistics.ThreadTotalLiveCount > before);

        _set.Delete("two");

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Null(_set.Selected);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
        _set.Select("one");
        Assert.Equal(first, TrainedTiny.Outputs(_model));
    }

    [Theory]
    [InlineData("first")]
    [InlineData("lora_A")]
    [InlineData("base_layer.weight")]
    [InlineData("head")]
    [InlineData("a.b/c d")]
    public void A_name_may_equal_that_of_a_module(string name)
    {
        using var folder = new TemporaryFolder();
        var trained = Train(name, seed: 1);
        _set[name].Save(folder.Path);

        _set.Select(null);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
        _set.Select(name);
        Assert.Equal(trained, TrainedTiny.Outputs(_model));
        _set.Delete(name);
        _set.Load(name, folder.Path);
        Assert.Equal(trained, TrainedTiny.Outputs(_model));
    }

    [Fact]
    public void A_failed_addition_changes_nothing()
    {
        var trained = Train("one", seed: 1);

        Assert.Throws<ArgumentException>(() => _set.Add("one", TinyTask.Options));
        Assert.Throws<ArgumentException>(() => _set.Add(" ", TinyTask.Options));
        Assert.Throws<InjectionException>(() => _set.Add("two", new AdaLoraOptions { Targets = TargetModules.Suffixes("nothing") }));
        Assert.Throws<InvalidDataException>(() => _set.Load("two", Path.GetTempPath()));

        Assert.Equal("one", _set.Selected);
        Assert.Equal((string[])["one"], _set.Names);
        Assert.Equal(trained, TrainedTiny.Outputs(_model));
    }

    [Fact]
    public void What_needs_the_selection_says_so()
    {
        Train("one", seed: 1);
        var one = _set["one"];
        Train("two", seed: 2);

        Action[] wishes = [() => one.Save("nowhere"), () => one.ExportLora("nowhere"), () => one.Merge(), () => one.BeforeOptimizerStep(), () => one.Begin(9), one.Finish, () => one.Compact()];
        Assert.All(wishes, wish => Assert.Contains("Select it first", Assert.Throws<InvalidOperationException>(wish).Message, StringComparison.Ordinal));
        Assert.False(Directory.Exists("nowhere"));
        Assert.Contains("Available adapters: one, two", Assert.Throws<KeyNotFoundException>(() => _set.Select("three")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_merged_adapter_must_be_taken_out_before_another_is_selected()
    {
        var trained = Train("one", seed: 1);
        _set["one"].Merge();

        Assert.Contains("Unmerge", Assert.Throws<InvalidOperationException>(() => _set.Select(null)).Message, StringComparison.Ordinal);
        Assert.Equal("one", _set.Selected);

        _set["one"].Unmerge();
        _set.Select(null);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
        _set.Select("one");
        Assert.Equal(trained, TrainedTiny.Outputs(_model));
    }

    public static TheoryData<string> Ends => ["detached", "merged", "disposed"];

    [Theory]
    [MemberData(nameof(Ends))]
    public void What_was_ended_by_hand_can_be_deleted_and_leaves_the_others_alone(string end)
    {
        foreach (var isSelected in (bool[])[true, false])
        {
            var first = Train("one", seed: 1);
            Train("two", seed: 2);
            var ended = isSelected ? "two" : "one";
            // What is merged has to be selected, and changes the base model for good.
            if (end == "merged" && !isSelected)
                break;
            End(_set[ended]);

            Assert.Contains("Delete", Assert.Throws<InvalidOperationException>(() => _set[ended]).Message, StringComparison.Ordinal);
            Assert.Contains("Delete", Assert.Throws<InvalidOperationException>(() => _set.Select(ended)).Message, StringComparison.Ordinal);
            _set.Delete(ended);

            Assert.Equal(isSelected ? null : "two", _set.Selected);
            Assert.DoesNotContain(ended, _set.Names);
            _set.Select(null);
            if (end != "merged")
            {
                Assert.Equal(_plain, TrainedTiny.Outputs(_model));
                if (isSelected)
                {
                    _set.Select("one");
                    Assert.Equal(first, TrainedTiny.Outputs(_model));
                }
            }

            foreach (var name in _set.Names)
                _set.Delete(name);
        }

        void End(AdaLoraModel adapter)
        {
            if (end == "detached")
                adapter.Detach();
            else if (end == "merged")
                adapter.MergeAndDetach();
            else
                adapter.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_set_is_disposed_after_whatever_was_done_by_hand(string end)
    {
        Train("one", seed: 1);
        Train("two", seed: 2);
        if (end == "detached")
            _set["two"].Detach();
        else if (end == "merged")
            _set["two"].Merge();
        else
            _set["two"].Dispose();

        _set.Dispose();

        Assert.Empty(_set.Names);
        Assert.Null(_set.Selected);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
        Assert.All(_model.named_parameters(), p => Assert.True(p.parameter.requires_grad, p.name));
    }

    [Fact]
    public void A_set_is_disposed_after_its_model()
    {
        Train("one", seed: 1);
        Train("two", seed: 2);
        _model.Dispose();

        _set.Dispose();

        Assert.Empty(_set.Names);
    }

    [Fact]
    public void A_scope_without_adapters_ends_also_when_the_adapter_was_ended_within_it()
    {
        Train("one", seed: 1);
        var one = _set["one"];
        using (_set.Disable())
            one.Detach();

        Assert.Null(_set.Selected);
        Assert.Equal(_plain, TrainedTiny.Outputs(_model));
    }

    private double[] Train(string name, long seed)
    {
        var adapted = _set.Add(name, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 28, LearningRate = 1e-2, Seed = seed });
        trainer.Fit(TinyTask.Batches(28, seed: (int)seed), b => TinyTask.Loss(_model, b));
        return TrainedTiny.Outputs(_model);
    }
}
