using AdaLora.ModelZoo.Models;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>Hooks do not run if a model calls forward methods.</summary>
public sealed class PastHooksTests
{
    private static AdaLoraOptions Options => AdaLoraOptions.ForTotalSteps(30, targetRank: 2) with { Alpha = 6, Seed = 3 };

    [Fact]
    public void Automatic_attachment_materialises_the_weights_at_the_first_step_and_says_so()
    {
        using var scope = NewDisposeScope();
        var logger = new RecordingLogger();
        var model = new ForwardPerceptron();
        using var adapted = AdaLoraModel.Attach(model, Options, logger);
        Assert.All(adapted.Report().Modules, module => Assert.Equal(AttachmentMethod.Hook, module.Attachment));
        var first = ZooModel.Loss(model).item<float>();

        Train(adapted, model);

        Assert.All(adapted.Report().Modules, module => Assert.Equal(
            (AttachmentMethod.Materialise, "the model runs the layer past its hook, by its forward method"), (module.Attachment, module.AttachmentReason)));
        Assert.Contains("runs fc1, fc2, fc3 past their hooks", Assert.Single(logger.Entries, entry => entry.Text.Contains("past", StringComparison.Ordinal)).Text, StringComparison.Ordinal);
        Assert.True(ZooModel.Loss(model).item<float>() < 0.9f * first);
    }

    [Fact]
    public void An_adapter_that_was_saved_so_is_loaded_so()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        ForwardPerceptron New()
        {
            using var seed = manual_seed(5);
            return new();
        }

        var model = New();
        using var adapted = AdaLoraModel.Attach(model, Options);
        Train(adapted, model);
        adapted.Save(folder.Path);
        var fresh = New();
        using var loaded = AdaLoraModel.Load(fresh, folder.Path);
        Assert.Equal(ZooModel.Run(model), ZooModel.Run(fresh));
        Assert.NotEqual(ZooModel.Run(New()), ZooModel.Run(fresh));
    }

    [Fact]
    public void So_are_weights_that_a_class_of_its_own_keeps_in_buffers()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = NewOfBuffers();
        var before = model.state_dict().ToDictionary(p => p.Key, p => Convert.ToHexString(p.Value.bytes));
        using var adapted = AdaLoraModel.Attach(model, Options with { Targets = TargetModules.Suffixes("first", "second") });
        Assert.All(adapted.Report().Modules, module => Assert.Equal(AttachmentMethod.Hook, module.Attachment));
        var first = ZooModel.Loss(model).item<float>();
        Train(adapted, model);
        Assert.All(adapted.Report().Modules, module => Assert.Equal(AttachmentMethod.Materialise, module.Attachment));
        Assert.True(ZooModel.Loss(model).item<float>() < 0.9f * first);

        adapted.Save(folder.Path);
        var fresh = NewOfBuffers();
        using (var loaded = AdaLoraModel.Load(fresh, folder.Path))
        {
            Assert.Equal(["first", "second"], loaded.Report().Modules.Select(m => m.Name));
            Assert.Equal(ZooModel.Run(model), ZooModel.Run(fresh));
        }

        adapted.Detach();
        Assert.Equal(before, model.state_dict().ToDictionary(p => p.Key, p => Convert.ToHexString(p.Value.bytes)));
        Assert.All(model.named_buffers(), b => Assert.False(b.buffer.requires_grad));

        static BufferPerceptron NewOfBuffers()
        {
            using var seed = manual_seed(5);
            return new(calls: false);
        }
    }

    [Fact]
    public void Hooks_that_were_asked_for_are_refused_at_the_first_step()
    {
        using var scope = NewDisposeScope();
        var model = new Mixed();
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = AttachmentMethod.Hook });
        Assert.Contains("passed: it never ran", Assert.Throws<InvalidOperationException>(() => Train(adapted, model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_that_the_model_does_not_use_is_refused_as_ever()
    {
        using var scope = NewDisposeScope();
        var model = new Idle();
        using var adapted = AdaLoraModel.Attach(model, Options);
        Assert.Contains("unused: it never ran", Assert.Throws<InvalidOperationException>(() => Train(adapted, model)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AttachmentMethod.Automatic, 9)]
    [InlineData(AttachmentMethod.Automatic, 1)]
    [InlineData(AttachmentMethod.Materialise, 9)]
    [InlineData(AttachmentMethod.Materialise, 40)]
    public void A_training_that_dies_between_two_batches_of_a_step_resumes_exactly(AttachmentMethod attachment, int batches)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointOptions { Folder = folder.Path, Every = 1, Resume = true };
        var whole = Fit(attachment, null, int.MaxValue);
        _ = Assert.Throws<IOException>(() => Fit(attachment, checkpoints, batches));
        Assert.Equal(whole, Fit(attachment, checkpoints, int.MaxValue));
    }

    private static float[] Fit(AttachmentMethod attachment, CheckpointOptions? checkpoints, int batches)
    {
        using var seed = manual_seed(5);
        var model = new ForwardPerceptron();
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = attachment });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 30, LearningRate = 0.02, GradientAccumulation = 2, Checkpoints = checkpoints });
        _ = trainer.Fit(Enumerable.Range(0, 60), (int batch) => batches-- == 0 ? throw new IOException("gone") : ZooModel.Loss(model));
        return ZooModel.Run(model);
    }

    private static void Train(AdaLoraModel adapted, nn.Module<Tensor, Tensor> model)
    {
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 0.02);
        for (var i = 0; i < 30; i++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            ZooModel.Loss(model).backward();
            _ = adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
        }
    }

    /// <summary>Runs one layer with call and one with forward.</summary>
    private sealed class Mixed : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear called = nn.Linear(6, 6);
        private readonly TorchSharp.Modules.Linear passed = nn.Linear(6, 3);

        public Mixed()
            : base(nameof(Mixed)) => RegisterComponents();

        public override Tensor forward(Tensor input) => passed.forward(called.call(input));
    }

    /// <summary>Has a layer that it does not run.</summary>
    private sealed class Idle : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear used = nn.Linear(6, 3);
        private readonly TorchSharp.Modules.Linear unused = nn.Linear(6, 3);

        public Idle()
            : base(nameof(Idle)) => RegisterComponents();

        public override Tensor forward(Tensor input) => used.call(input);

        public override string GetName() => unused.GetName();
    }
}
